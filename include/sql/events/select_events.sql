-- Events of the source that happened in one interval; those of no year from 1 to 9999 are in none (select_undated).
select {columns}
from {relation} as source_rows
where {at} >= '0001-01-01' and {at} < '10000-01-01'
  and {moment} >= %(window_start)s::timestamptz and {moment} < %(window_end)s::timestamptz
  and {nearby}
  and ({condition})
limit nullif(%(row_limit)s::bigint, 0);
