-- What published snapshots took, without those whose newest build has not succeeded.
select as_of, snapshots.customers, snapshot_builds.stage_seconds
from snapshots
join snapshot_builds using (as_of)
where status = 'published' and state = 'published' and snapshots.customers > 0
order by as_of;
