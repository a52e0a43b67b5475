-- The partitions of a table, beginning with one whose detach was started and not finished.
select partition.relname::text
from pg_inherits as inherits
join pg_class as partition on partition.oid = inherits.inhrelid
where inherits.inhparent = to_regclass(quote_ident(%(parent)s))
order by inherits.inhdetachpending desc, partition.relname;
