-- Snapshots that no reader can see any more: pruned, or taken back before a moment.
select as_of
from snapshots
where status = 'pruned' or (status = 'withdrawn' and as_of < %(before)s)
order by as_of;
