-- What published snapshots took, without those whose newest build has not succeeded, and those that share the rows of
-- an earlier one: they were not computed.
select as_of, snapshots.customers, snapshot_builds.stage_seconds
from snapshots
join snapshot_builds using (as_of)
where status = 'published' and state = 'published' and snapshots.customers > 0 and snapshots.unchanged_since is null
order by as_of;
