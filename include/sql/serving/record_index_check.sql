-- Record the nightly check of the serving index; a second try replaces the first.
insert into index_checks (
  as_of, generation, rebuild, target_recall, recall_at_k, recall_low, recall_high, recall_sample,
  rows_at_build, rows, changed_rows, list_drift, list_drift_noise, is_rebuilt, reason
)
values (
  %(as_of)s, %(generation)s, %(rebuild)s, %(target_recall)s, %(recall_at_k)s, %(recall_low)s, %(recall_high)s,
  %(recall_sample)s, %(rows_at_build)s, %(rows)s, %(changed_rows)s, %(list_drift)s, %(list_drift_noise)s,
  %(is_rebuilt)s, %(reason)s
)
on conflict (as_of) do update
set
  generation = excluded.generation, rebuild = excluded.rebuild, target_recall = excluded.target_recall,
  recall_at_k = excluded.recall_at_k, recall_low = excluded.recall_low, recall_high = excluded.recall_high,
  recall_sample = excluded.recall_sample, rows_at_build = excluded.rows_at_build, rows = excluded.rows,
  changed_rows = excluded.changed_rows, list_drift = excluded.list_drift,
  list_drift_noise = excluded.list_drift_noise, is_rebuilt = excluded.is_rebuilt, reason = excluded.reason,
  checked_at = excluded.checked_at;
