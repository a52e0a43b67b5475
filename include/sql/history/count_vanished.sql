-- Customers in force before an end, and how many of them the source does not have any more.
select count(*), count(*) filter (where present.customer_id is null)
from (
  select distinct on (customer_id) customer_id, is_deleted
  from customer_versions
  where updated_at < %(window_end)s::timestamptz
  order by customer_id, updated_at desc
) as latest
left join (select distinct customer_id from {keys}) as present using (customer_id)
where not latest.is_deleted;
