-- Snapshots that readers can see, oldest first, with the schedule of their build. A build that may not fit an
-- encoder is an explicit backfill.
select as_of, not coalesce(snapshot_builds.may_fit, true) as is_backfill, snapshot_builds.settings -> 'schedule' as schedule
from snapshots
left join snapshot_builds using (as_of)
where status = 'published'
order by as_of;
