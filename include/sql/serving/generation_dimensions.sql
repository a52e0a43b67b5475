-- Width of the vectors of a generation.
select dimensions from index_builds where table_name = %(table_name)s;
