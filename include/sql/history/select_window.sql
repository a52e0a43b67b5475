-- Source rows of one window. Rows without a finite time belong to no window; each run reads them, to
-- reject them with a reason.
select {columns}
from {relation} as source_rows
where (
    ({moment} >= %(window_start)s::timestamptz and {moment} < %(window_end)s::timestamptz and {nearby})
    or {updated_at} is null
    or {updated_at} in ('infinity', '-infinity')
  )
  and ({condition})
limit nullif(%(row_limit)s::bigint, 0);
