-- Memory and workers for an index build, for this transaction only.
select
  set_config('maintenance_work_mem', %(memory_mb)s::text || 'MB', true),
  set_config('max_parallel_maintenance_workers', %(workers)s::text, true);
