-- What was planned for an index before it was built, and what was measured on it: the interval of the
-- recall, latencies, every number of probes that was tried, and whether queries use the index.
alter table index_builds
  add column target_recall real,
  add column reason text,
  add column expected_recall real,
  add column expected_scanned_rows real,
  add column forecast_memory_mb integer,
  add column forecast_build_seconds real,
  add column recall_low real,
  add column recall_high real,
  add column p50_milliseconds real,
  add column p95_milliseconds real,
  add column probe_sweep jsonb,
  add column is_index_used boolean,
  add column plan jsonb;
