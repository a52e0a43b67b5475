-- A date of a backfill that computes its last date only: the rows have landed, and that is all.
alter table snapshots
  drop constraint snapshots_status_check,
  add constraint snapshots_status_check
    check (status in ('building', 'published', 'empty', 'failed', 'withdrawn', 'pruned', 'landed'));

alter table snapshot_builds
  drop constraint snapshot_builds_state_check,
  add constraint snapshot_builds_state_check
    check (state in ('building', 'published', 'empty', 'failed', 'landed'));
