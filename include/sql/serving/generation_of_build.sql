-- The table of a generation and the lists of its index.
select table_name, lists from index_builds where generation = %(generation)s;
