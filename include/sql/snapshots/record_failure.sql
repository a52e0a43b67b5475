-- Note why a build failed; what is published stays published.
with build as (
  update snapshot_builds
  set state = 'failed', failed_task = %(task)s, failure = %(failure)s
  where as_of = %(as_of)s and run_id = %(run_id)s and state = 'building'
  returning as_of
)
update snapshots set status = 'failed' where status = 'building' and as_of in (select as_of from build);
