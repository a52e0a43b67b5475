-- What every night found of the index that served, and whether it was built anew.
create or replace view {bi}.index_checks as
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

comment on view {bi}.index_checks is 'One row a night that met an index: how good it still was, and what was decided.';
comment on column {bi}.index_checks.as_of is 'The snapshot that was being built.';
comment on column {bi}.index_checks.generation is 'The generation of the embeddings that served.';
comment on column {bi}.index_checks.rebuild is 'The key rebuild of the spec: auto, always or never.';
comment on column {bi}.index_checks.target_recall is 'The recall that is asked for.';
comment on column {bi}.index_checks.recall_at_k is 'Recall of the serving index at its stored probes.';
comment on column {bi}.index_checks.recall_low is 'Lower end of the 95 % interval of recall_at_k.';
comment on column {bi}.index_checks.recall_high is 'Upper end of the 95 % interval of recall_at_k.';
comment on column {bi}.index_checks.recall_sample is 'Customers in that measurement.';
comment on column {bi}.index_checks.rows_at_build is 'Customers when the generation was made.';
comment on column {bi}.index_checks.rows is 'Customers of the new snapshot.';
comment on column {bi}.index_checks.changed_rows is 'Customers that are new, changed or gone that night.';
comment on column {bi}.index_checks.is_rebuilt is 'True if a new generation was made.';
comment on column {bi}.index_checks.reason is 'Why, in words and figures.';
comment on column {bi}.index_checks.checked_at is 'When it was checked.';
comment on column {bi}.index_checks.changed_share is 'changed_rows as a share of rows; above rewrite_share of the spec no check is made.';
comment on column {bi}.index_checks.list_drift is 'How far customers have moved between lists since the build (population stability index): below 0.1 little, above 0.25 a shift.';
comment on column {bi}.index_checks.list_drift_noise is 'What list_drift is by chance alone, once in 1,000 times.';
