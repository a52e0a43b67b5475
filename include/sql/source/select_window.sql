-- Source rows of one window; rows without a time are read each time, to be refused with a reason.
select {columns}
from {relation} as source_rows
where (({moment} >= %(window_start)s::timestamptz and {moment} < %(window_end)s::timestamptz and {nearby}) or {updated_at} is null)
  and ({condition})
limit nullif(%(row_limit)s::bigint, 0);
