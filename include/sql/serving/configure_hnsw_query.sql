-- Keep so many candidates (and go on where they are too few), and use the index, for this transaction
-- only: as bi.similar_customers does.
select
  set_config('hnsw.ef_search', %(ef_search)s::text, true),
  set_config('hnsw.iterative_scan', 'strict_order', true),
  set_config('enable_seqscan', 'off', true);
