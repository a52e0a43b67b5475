-- Note how a generation turned out.
update index_builds
set
  state = 'ready', rows = %(rows)s, method = %(method)s, lists = %(lists)s, probes = %(probes)s, k = %(k)s,
  recall_at_k = %(recall_at_k)s, recall_sample = %(recall_sample)s, query_milliseconds = %(query_milliseconds)s,
  build_seconds = %(build_seconds)s, index_bytes = %(index_bytes)s
where generation = %(generation)s;
