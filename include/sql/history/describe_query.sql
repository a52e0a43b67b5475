-- Selects no rows of the source, only its columns.
select * from {relation} as source_rows limit 0;
