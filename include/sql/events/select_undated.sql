-- Rows of the source without a time, or with one that is infinite or of no year from 1 to 9999: they are in no window.
-- Each landing reads them, to reject them with a reason.
select {columns}
from {relation} as source_rows
where ({at} is null or {at} < '0001-01-01' or {at} >= '10000-01-01')
  and ({condition})
limit nullif(%(row_limit)s::bigint, 0);
