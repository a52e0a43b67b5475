-- Record that the table of a generation has been dropped.
update index_builds set table_name = null, state = 'retired' where generation = %(generation)s;
