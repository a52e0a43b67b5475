-- Set the probes (with an iterative scan if they hold too few customers) and make queries use the
-- index, for this transaction only; same settings as in bi.similar_customers.
select
  set_config('ivfflat.probes', %(probes)s::text, true),
  set_config('ivfflat.max_probes', %(max_probes)s::text, true),
  set_config('ivfflat.iterative_scan', 'relaxed_order', true),
  set_config('enable_seqscan', 'off', true);
