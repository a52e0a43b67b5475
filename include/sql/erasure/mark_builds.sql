-- Unfinished builds may have processed the customer, so they must begin again.
with marked as (
  update snapshot_builds
  set state = 'failed', erased_at = now(), failed_task = 'erase', failure = %(failure)s, failure_detail = null
  where state in ('building', 'failed')
  returning as_of
)
update snapshots set status = 'failed' where status = 'building' and as_of in (select as_of from marked);
