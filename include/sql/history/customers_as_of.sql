-- The customers of a moment: the newest version of each before it, unless that says deleted.
select *
from (
  select distinct on (customer_id) *
  from customer_versions
  where updated_at < {as_of}::timestamptz
  order by customer_id, updated_at desc
) as latest
where not is_deleted
