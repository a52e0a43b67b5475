-- Snapshots that readers can no longer see: pruned, or withdrawn and older than a given time.
select as_of
from snapshots
where status = 'pruned' or (status = 'withdrawn' and as_of < %(before)s)
order by as_of;
