-- A snapshot whose partitions retention has dropped: its row stays, for what it said of that night.
alter table snapshots
  drop constraint snapshots_status_check,
  add constraint snapshots_status_check
    check (status in ('building', 'published', 'empty', 'failed', 'withdrawn', 'pruned'));
