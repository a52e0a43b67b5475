-- Add customers that have changed to every published snapshot, and to those that other runs are building.
with target as (
  select as_of from snapshots where status = 'published'
  union
  select as_of from snapshot_builds where state = 'building' and as_of <> %(window_end)s::timestamptz
),
changed as (
  {changed}
),
builds as (
  update snapshot_builds
  set late_customers = late_customers + changed.customers
  from changed
  where snapshot_builds.as_of = changed.as_of
)
update snapshots
set late_customers = late_customers + changed.customers
from changed
where snapshots.as_of = changed.as_of;
