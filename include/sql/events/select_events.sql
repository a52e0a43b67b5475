-- Events of the source that happened in one interval.
select {columns}
from {relation} as source_rows
where {moment} > '-infinity' and {moment} >= %(window_start)s::timestamptz and {moment} < %(window_end)s::timestamptz
  and {nearby}
  and ({condition})
limit nullif(%(row_limit)s::bigint, 0);
