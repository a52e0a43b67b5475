-- The snapshots of a space, published or not, the newest first.
select
  as_of, status, is_current, customers, rows_rejected, recall, published_at, run_status, failed_task, failure,
  late_customers
from {bi}.snapshots
order by as_of desc
limit %(most)s;
