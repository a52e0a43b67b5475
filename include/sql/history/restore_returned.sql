-- Give customers whom a comparison of keys found deleted, and who are in the source again, their last
-- known values: if their row has not changed since, no window extracts it.
insert into customer_versions (customer_id, updated_at, is_deleted, {columns})
select in_force.customer_id, %(window_end)s::timestamptz - interval '1 microsecond', false, known.*
from in_force
cross join lateral (
  select {columns}
  from customer_versions as version
  where version.customer_id = in_force.customer_id
    and version.updated_at < %(window_end)s::timestamptz
    and not version.is_deleted
  order by version.updated_at desc
  limit 1
) as known
where in_force.is_deleted
  and exists (select from {keys} as present where present.customer_id = in_force.customer_id)
on conflict do nothing;
