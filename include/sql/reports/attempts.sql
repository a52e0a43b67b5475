-- Dates after a snapshot that are not published, or whose newest run is not: they failed, wait, or are being built.
select as_of, status, run_status, failed_task, failure, missed_deadline_at
from {bi}.snapshots
where as_of >= %(as_of)s
  and (status in ('failed', 'waiting', 'building') or (status = 'published' and run_status = 'failed'))
order by as_of desc
limit %(most)s;
