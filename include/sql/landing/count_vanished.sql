-- Customers in force before an end, and how many of them the source does not have any more.
select count(*), count(*) filter (where not exists (select from {keys} as present where present.customer_id = latest.customer_id))
from (
  select distinct on (customer_id) customer_id, is_deleted
  from customer_versions
  where updated_at < %(window_end)s::timestamptz
  order by customer_id, updated_at desc
) as latest
where not latest.is_deleted;
