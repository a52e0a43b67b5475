-- Record why a build, or a task after publish, has failed, and return whether this is the first failure;
-- a published snapshot stays published.
with build as (
  update snapshot_builds
  set
    state = case state when 'building' then 'failed' else state end,
    failed_task = %(task)s,
    failure = %(failure)s,
    failure_detail = %(detail)s
  where as_of = %(as_of)s and run_id = %(run_id)s and failure is null
  returning as_of
),
failed as (
  update snapshots set status = 'failed' where status = 'building' and as_of in (select as_of from build)
)
select count(*) > 0 from build;
