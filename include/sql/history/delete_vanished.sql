-- Record customers who are no longer in the source as deleted, at the very end of the window.
insert into customer_versions (customer_id, updated_at, is_deleted)
select latest.customer_id, %(window_end)s::timestamptz - interval '1 microsecond', true
from (
  select distinct on (customer_id) customer_id, is_deleted
  from customer_versions
  where updated_at < %(window_end)s::timestamptz
  order by customer_id, updated_at desc
) as latest
where not latest.is_deleted
  and not exists (select from {keys} as present where present.customer_id = latest.customer_id)
on conflict do nothing;
