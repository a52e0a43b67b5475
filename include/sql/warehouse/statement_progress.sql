-- How far the statement of another session is: what it does, and how much is done of how much. No row
-- where the server does not count (pg_stat_progress_*: manual, "Progress Reporting").
select
  'building an index: ' || phase,
  case when tuples_total > 0 then tuples_done else blocks_done end,
  nullif(case when tuples_total > 0 then tuples_total else blocks_total end, 0),
  case when tuples_total > 0 then 'rows' else 'blocks' end
from pg_stat_progress_create_index
where pid = %(pid)s
union all
select 'copying', tuples_processed, null, 'rows'
from pg_stat_progress_copy
where pid = %(pid)s
union all
select 'vacuuming: ' || phase, heap_blks_scanned, nullif(heap_blks_total, 0), 'blocks'
from pg_stat_progress_vacuum
where pid = %(pid)s
union all
select 'analysing: ' || phase, sample_blks_scanned, nullif(sample_blks_total, 0), 'blocks'
from pg_stat_progress_analyze
where pid = %(pid)s
union all
select 'rewriting: ' || phase, heap_blks_scanned, nullif(heap_blks_total, 0), 'blocks'
from pg_stat_progress_cluster
where pid = %(pid)s;
