-- Record the time of source rows that are dated before the version in force, and say the same: they are not read
-- again every night.
insert into reconciled_versions (customer_id, updated_at, source_updated_at)
select in_force.customer_id, in_force.updated_at, max(landed.updated_at)
from {found} as landed
join in_force on in_force.customer_id = landed.customer_id
join customer_versions as version on version.customer_id = in_force.customer_id and version.updated_at = in_force.updated_at
where not landed.is_deleted and not in_force.is_deleted
  and landed.updated_at < in_force.source_updated_at
  and ({landed_values}) is not distinct from ({version_values})
  and not exists (
    select from {found} as newer
    where newer.customer_id = landed.customer_id and newer.updated_at > landed.updated_at
  )
group by in_force.customer_id, in_force.updated_at
on conflict (customer_id, updated_at) do update set source_updated_at = excluded.source_updated_at;
