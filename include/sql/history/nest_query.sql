-- A query without its result, for history/parse_query: nothing of it is executed.
select null::tsvector from ({statement}
) as nested limit 0
