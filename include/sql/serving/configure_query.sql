-- Read so many lists (and more where they hold too few customers), and use the index, for this
-- transaction only: as bi.similar_customers does.
select
  set_config('ivfflat.probes', %(probes)s::text, true),
  set_config('ivfflat.max_probes', %(max_probes)s::text, true),
  set_config('ivfflat.iterative_scan', 'relaxed_order', true),
  set_config('enable_seqscan', 'off', true);
