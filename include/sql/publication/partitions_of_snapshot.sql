-- The partitions of a table; first one that a try before has begun to take out, and has not finished.
select partition.relname::text
from pg_inherits as inherits
join pg_class as partition on partition.oid = inherits.inhrelid
where inherits.inhparent = to_regclass(quote_ident(%(parent)s))
order by inherits.inhdetachpending desc, partition.relname;
