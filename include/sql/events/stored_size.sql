-- How many partitions some events have, and how many rows there are in them, about.
select count(*), coalesce(sum(greatest(reltuples, 0)), 0)::bigint
from pg_inherits
join pg_class on pg_class.oid = inhrelid
where inhparent = to_regclass(quote_ident(%(table)s));
