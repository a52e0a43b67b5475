-- Snapshots that readers can no longer see: pruned, or withdrawn and older than a given time; whether another one,
-- published or about to be, shares their partitions; and whether an open transaction still sees this one, or one that
-- shares them, as it was before it was hidden: xmin is the transaction that has changed the row last.
with holders as materialized (
  {holders}
)
select
  hidden.as_of,
  exists (
    select from snapshots as sharing
    where sharing.unchanged_since = hidden.as_of and sharing.status = 'published'
  )
  or exists (
    select from snapshot_builds as builds
    where builds.state = 'building' and (builds.facts #>> '{{unchanged_since,as_of}}')::timestamptz = hidden.as_of
  ),
  exists (
    select
    from snapshots as seen
    join holders on age(holders.horizon::xid) >= age(seen.xmin)
    where hidden.as_of in (seen.as_of, seen.unchanged_since)
  )
from snapshots as hidden
where hidden.status = 'pruned' or (hidden.status = 'withdrawn' and hidden.as_of < %(before)s)
order by hidden.as_of;
