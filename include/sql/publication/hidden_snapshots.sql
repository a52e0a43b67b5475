-- Snapshots that readers can no longer see: pruned, or withdrawn and older than a given time; and whether another
-- one, published or about to be, shares their partitions.
select
  hidden.as_of,
  exists (
    select from snapshots as sharing
    where sharing.unchanged_since = hidden.as_of and sharing.status = 'published'
  )
  or exists (
    select from snapshot_builds as builds
    where builds.state = 'building' and (builds.facts #>> '{{unchanged_since,as_of}}')::timestamptz = hidden.as_of
  )
from snapshots as hidden
where hidden.status = 'pruned' or (hidden.status = 'withdrawn' and hidden.as_of < %(before)s)
order by hidden.as_of;
