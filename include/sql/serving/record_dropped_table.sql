-- Note that the table of a generation is gone.
update index_builds set table_name = null, state = 'retired' where generation = %(generation)s;
