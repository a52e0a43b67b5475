-- Every snapshot: its state, its size, how good it is, and how long each stage of its newest run took.
create or replace view {bi}.snapshots as
select
  snapshots.as_of,
  (snapshots.as_of at time zone 'UTC')::date as as_of_date,
  snapshots.status,
  snapshots.as_of = (select current_snapshot.as_of from {space}.current_snapshot) as is_current,
  snapshots.history,
  snapshots.encoder_version,
  snapshots.customers,
  snapshots.lookalikes,
  snapshots.rows_landed,
  snapshots.rows_rejected,
  snapshots.recall,
  snapshots.recall_low,
  snapshots.recall_high,
  snapshots.published_at,
  snapshot_builds.stage_seconds,
  snapshot_builds.failed_task,
  snapshot_builds.failure,
  snapshots.late_customers,
  snapshot_builds.stage_peak_mb
from {space}.snapshots
left join {space}.snapshot_builds using (as_of);

comment on view {bi}.snapshots is 'One row a snapshot, published or not.';
comment on column {bi}.snapshots.as_of is 'The snapshot holds what was known before this moment.';
comment on column {bi}.snapshots.as_of_date is 'The date of as_of in UTC.';
comment on column {bi}.snapshots.status is 'building, published, empty, failed, withdrawn or pruned (older than what is kept).';
comment on column {bi}.snapshots.is_current is 'True for the one snapshot the *_current views read.';
comment on column {bi}.snapshots.history is 'complete, or reconstructed: older than the first extraction from a source that keeps one row a customer.';
comment on column {bi}.snapshots.encoder_version is 'The encoder its vectors were made with.';
comment on column {bi}.snapshots.customers is 'Customers in the snapshot (deleted ones are not).';
comment on column {bi}.snapshots.lookalikes is 'Rows of lookalikes.';
comment on column {bi}.snapshots.rows_landed is 'Raw rows of its window that were kept.';
comment on column {bi}.snapshots.rows_rejected is 'Raw rows of its window that were refused: see rejected_rows.';
comment on column {bi}.snapshots.recall is 'Share of the true nearest neighbours found, measured on a sample (0 to 1).';
comment on column {bi}.snapshots.recall_low is 'Lower end of the 95 % interval of recall.';
comment on column {bi}.snapshots.recall_high is 'Upper end of the 95 % interval of recall.';
comment on column {bi}.snapshots.published_at is 'When it was published.';
comment on column {bi}.snapshots.stage_seconds is 'Seconds each stage of the newest run took.';
comment on column {bi}.snapshots.failed_task is 'The task that failed in the newest run, if any.';
comment on column {bi}.snapshots.failure is 'Why it failed, in one line.';
comment on column {bi}.snapshots.late_customers is 'Customers whose rows arrived after it was computed and would change it: more than 0 is stale, run the date again.';
comment on column {bi}.snapshots.stage_peak_mb is 'The most memory a process of each stage of the newest run has held, in MB.';
