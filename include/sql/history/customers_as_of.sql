-- The customers as of a date: each one's newest version before it, unless it is a deletion.
select *
from (
  select distinct on (customer_id) *
  from customer_versions
  where updated_at < {as_of}::timestamptz
  order by customer_id, updated_at desc
) as latest
where not is_deleted
