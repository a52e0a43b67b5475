-- The nightly check of the serving index, and whether it was rebuilt.
create or replace view {bi}.index_checks with (security_barrier) as
select
  as_of,
  generation,
  rebuild,
  target_recall,
  recall_at_k,
  recall_low,
  recall_high,
  recall_sample,
  rows_at_build,
  rows,
  changed_rows,
  is_rebuilt,
  reason,
  checked_at,
  changed_rows::double precision / nullif(rows, 0) as changed_share,
  list_drift,
  list_drift_noise
from {space}.index_checks;

comment on view {bi}.index_checks is 'One row per night that checked the serving index: its quality then, and the decision.';
comment on column {bi}.index_checks.as_of is 'The snapshot that was being built.';
comment on column {bi}.index_checks.generation is 'The generation of the embeddings that served.';
comment on column {bi}.index_checks.rebuild is 'The setting rebuild of the spec: auto, always or never.';
comment on column {bi}.index_checks.target_recall is 'The recall that is asked for.';
comment on column {bi}.index_checks.recall_at_k is 'Recall of the serving index at its stored probes.';
comment on column {bi}.index_checks.recall_low is 'Lower end of the 95 % interval of recall_at_k.';
comment on column {bi}.index_checks.recall_high is 'Upper end of the 95 % interval of recall_at_k.';
comment on column {bi}.index_checks.recall_sample is 'Customers in that measurement.';
comment on column {bi}.index_checks.rows_at_build is 'Customers when the generation was made.';
comment on column {bi}.index_checks.rows is 'Customers of the new snapshot.';
comment on column {bi}.index_checks.changed_rows is 'Customers who are new, changed or gone that night.';
comment on column {bi}.index_checks.is_rebuilt is 'True if a new generation was made.';
comment on column {bi}.index_checks.reason is 'Why, with the figures.';
comment on column {bi}.index_checks.checked_at is 'When it was checked.';
comment on column {bi}.index_checks.changed_share is 'changed_rows as a share of rows; above rewrite_share of the spec no check is made.';
comment on column {bi}.index_checks.list_drift is 'How far customers have moved between lists since the build (population stability index): below 0.1 little, above 0.25 a shift.';
comment on column {bi}.index_checks.list_drift_noise is 'The value of list_drift that chance alone exceeds once in 1,000 times.';
