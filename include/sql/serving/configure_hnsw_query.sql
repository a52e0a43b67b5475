-- Set ef_search (with an iterative scan if it is too small) and make queries use the index, for this
-- transaction only; same settings as in bi.similar_customers.
select
  set_config('hnsw.ef_search', %(ef_search)s::text, true),
  set_config('hnsw.iterative_scan', 'strict_order', true),
  set_config('enable_seqscan', 'off', true);
