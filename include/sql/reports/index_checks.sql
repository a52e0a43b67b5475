-- The checks of the serving index in some nights, the newest first.
select
  as_of, generation, target_recall, recall_at_k, recall_low, recall_high, recall_sample, rows, changed_rows, is_rebuilt,
  reason, list_drift, list_drift_noise, checked_at
from {bi}.index_checks
where as_of = any (%(as_ofs)s)
order by as_of desc, checked_at desc;
