-- Note the table of a generation.
update index_builds set table_name = %(table_name)s where generation = %(generation)s;
