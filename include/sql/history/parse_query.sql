-- Whether a text is exactly one query: the server refuses to open a cursor for anything else. ts_stat
-- is a function that takes a query as text; the query of history/nest_query has no rows.
select count(*) from ts_stat(%(query)s::text);
