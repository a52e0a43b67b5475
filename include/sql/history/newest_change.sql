-- How many customers a query has, and how many of them changed at or after a moment.
select count(*), count(*) filter (where updated_at >= %(since)s)
from ({customers}) as customers;
