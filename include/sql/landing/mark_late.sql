-- Note in every published snapshot, and in those that others are building, how many customers the good
-- rows would change that are about to be accepted: those that are new, and that no newer version of
-- the customer covers.
with target as (
  select as_of from snapshots where status = 'published'
  union
  select as_of from snapshot_builds where state = 'building' and as_of <> %(window_end)s::timestamptz
),
late as (
  select distinct landed.customer_id::customer_key as customer_id, landed.updated_at
  from {landing} as landed
  where landed.updated_at < (select max(as_of) from target)
    and not exists (select from problems where problems.row_id = landed.ctid)
    and not exists (
      select from customer_versions as version
      where version.customer_id = landed.customer_id and version.updated_at = landed.updated_at
    )
),
changed as (
  select target.as_of, count(distinct late.customer_id) as customers
  from target
  join late on late.updated_at < target.as_of
  where not exists (
    select from customer_versions as newer
    where newer.customer_id = late.customer_id
      and newer.updated_at > late.updated_at
      and newer.updated_at < target.as_of
  )
  group by target.as_of
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
