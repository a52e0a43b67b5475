-- The published snapshots and their sizes, for the hash.
select as_of, status, customers, lookalikes, rows_landed, rows_rejected, recall
from snapshots
where status in ('published', 'empty')
order by as_of
