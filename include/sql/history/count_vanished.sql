-- Customers in force before a window's end, and how many of them are no longer in the source.
select count(*), count(*) filter (where present.customer_id is null)
from (
  select distinct on (customer_id) customer_id, is_deleted
  from customer_versions
  where updated_at < %(window_end)s::timestamptz
  order by customer_id, updated_at desc
) as latest
left join (select distinct customer_id from {keys}) as present using (customer_id)
where not latest.is_deleted;
