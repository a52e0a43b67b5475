-- Give customers whom a comparison of keys found deleted, and who are in the source again, their last
-- known values: if their row has not changed since, no window extracts it.
insert into customer_versions (customer_id, updated_at, is_deleted, {columns})
select in_force.customer_id, %(window_end)s::timestamptz - interval '1 microsecond', false, known.*
from in_force
join (
  select
    customer_id,
    coalesce(
      max(updated_at) filter (where is_deleted and updated_at < %(window_end)s::timestamptz)
      = max(updated_at) filter (where updated_at < %(window_end)s::timestamptz),
      false
    ) as has_tombstone
  from {keys} as keys
  group by customer_id
) as present on present.customer_id = in_force.customer_id and not present.has_tombstone
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
on conflict do nothing;
