-- Rows of the source without a finite time: they are in no window. Each landing reads them, to reject them with a reason.
select {columns}
from {relation} as source_rows
where ({at} is null or {at} in ('infinity', '-infinity'))
  and ({condition})
limit nullif(%(row_limit)s::bigint, 0);
