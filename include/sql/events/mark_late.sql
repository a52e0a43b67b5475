-- Add to every published snapshot, and to those that other runs are building, how many of its customers have got or
-- lost an event before it. Without a table of customers, anybody who has an event is one.
with target as (
  select as_of from snapshots where status = 'published'
  union
  select as_of from snapshot_builds where state = 'building' and as_of <> %(window_end)s::timestamptz
),
changed as (
  select customer_id, min(at) as at
  from changed_events
  where at < (select max(as_of) from target)
  group by customer_id
),
counted as (
  select target.as_of, count(*) as customers
  from target
  join changed on changed.at < target.as_of
  where {is_anybody} or coalesce(
    (
      select not version.is_deleted
      from customer_versions as version
      where version.customer_id = changed.customer_id and version.updated_at < target.as_of
      order by version.updated_at desc
      limit 1
    ),
    false
  )
  group by target.as_of
),
builds as (
  update snapshot_builds
  set late_customers = late_customers + counted.customers
  from counted
  where snapshot_builds.as_of = counted.as_of
)
update snapshots
set late_customers = late_customers + counted.customers
from counted
where snapshots.as_of = counted.as_of;
