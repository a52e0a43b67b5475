-- Delete the failure of a task whose snapshot is published or empty nevertheless.
update snapshot_builds
set failed_task = null, failure = null, failure_detail = null
where
  as_of = %(as_of)s and run_id = %(run_id)s and failed_task = %(task)s and state in ('published', 'empty');
