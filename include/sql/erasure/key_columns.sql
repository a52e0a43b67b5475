-- Tables of this schema with a column of customer keys, and whether they hold snapshots: a column of customers that is
-- called as_of may be null. Attached partitions are covered by their parents; partitions being detached are listed
-- themselves.
select tables.relname::text, columns.attname::text, moments.attname is not null
from pg_class as tables
join pg_attribute as columns
  on columns.attrelid = tables.oid and columns.attnum > 0 and not columns.attisdropped
left join pg_attribute as moments
  on moments.attrelid = tables.oid and moments.attname = 'as_of' and moments.attnotnull and not moments.attisdropped
where tables.relnamespace = to_regnamespace(quote_ident(%(schema)s))::oid
  and tables.relkind in ('r', 'p')
  and not exists (
    select from pg_inherits where inhrelid = tables.oid and not inhdetachpending
  )
  and (columns.atttypid = to_regtype('customer_key') or columns.attname = 'customer_id')
  and tables.relname not in ('cluster_profiles', 'erasure_requests', 'rejected_rows', 'rejected_events')
order by 1, 2;
