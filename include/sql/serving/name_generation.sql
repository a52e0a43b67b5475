-- Record the name of a generation's table.
update index_builds set table_name = %(table_name)s where generation = %(generation)s;
