-- The indexes that were built up to a snapshot, the newest first: what was planned, and what was measured.
select
  generation, as_of, state, method, precision, rows, dimensions, lists, probes, m, ef_construction, ef_search, k,
  target_recall, expected_recall, recall_at_k, recall_low, recall_high, recall_sample, p50_milliseconds, p95_milliseconds,
  forecast_build_seconds, build_seconds, forecast_memory_mb, index_bytes, is_index_used, reason, probe_sweep
from {bi}.index_builds
where as_of <= %(as_of)s and state <> 'building'
order by generation desc
limit %(most)s;
