-- The progress of a session's index build; no row before it starts or after it ends.
select phase, blocks_done, blocks_total, tuples_done, tuples_total
from pg_stat_progress_create_index
where pid = %(pid)s;
