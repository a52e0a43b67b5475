-- Record customers who are no longer in the source as deleted, at the very end of the window.
insert into customer_versions (customer_id, updated_at, is_deleted)
select in_force.customer_id, %(window_end)s::timestamptz - interval '1 microsecond', true
from in_force
where not in_force.is_deleted
  and not exists (select from {keys} as present where present.customer_id = in_force.customer_id)
on conflict do nothing;
