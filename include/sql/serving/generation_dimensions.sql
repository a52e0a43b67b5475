-- The width of a generation's vectors.
select dimensions from index_builds where table_name = %(table_name)s;
