-- Rows of a source for which the server has no statistics.
select count(*) from {relation} as source_rows where ({condition});
