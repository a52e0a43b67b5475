-- The numbers of attached tables by name; a table that is made again gets another. One whose detach has begun is gone.
select partition.relname::text, partition.oid::bigint
from pg_inherits as inherits
join pg_class as partition on partition.oid = inherits.inhrelid
where not inherits.inhdetachpending
  and partition.oid = any (array(select to_regclass(quote_ident(name)) from unnest(%(tables)s::text[]) as name))
order by 1;
