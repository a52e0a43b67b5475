-- The snapshots, oldest first, with rows in and out and seconds per stage.
select
  as_of,
  status,
  history,
  customers,
  lookalikes,
  rows_landed,
  rows_rejected,
  recall,
  recall_low,
  recall_high,
  stage_seconds
from {bi}.snapshots
order by as_of
