-- No rows of the source, for its columns.
select * from {relation} as source_rows limit 0;
