-- Record the plan and the measurements of a generation.
update index_builds
set
  state = 'ready', rows = %(rows)s, method = %(method)s, precision = %(precision)s,
  lists = %(lists)s, probes = %(probes)s, m = %(m)s, ef_construction = %(ef_construction)s,
  ef_search = %(ef_search)s, k = %(k)s,
  target_recall = %(target_recall)s, reason = %(reason)s, plan = %(plan)s,
  expected_recall = %(expected_recall)s, expected_scanned_rows = %(expected_scanned_rows)s,
  forecast_memory_mb = %(forecast_memory_mb)s, forecast_build_seconds = %(forecast_build_seconds)s,
  build_seconds = %(build_seconds)s, index_bytes = %(index_bytes)s,
  recall_at_k = %(recall_at_k)s, recall_low = %(recall_low)s, recall_high = %(recall_high)s,
  recall_sample = %(recall_sample)s, query_milliseconds = %(query_milliseconds)s,
  p50_milliseconds = %(p50_milliseconds)s, p95_milliseconds = %(p95_milliseconds)s,
  probe_sweep = %(probe_sweep)s, is_index_used = %(is_index_used)s
where generation = %(generation)s;
