-- Rows of the source per minute (UTC) in one interval, and how many of them were loaded or changed lately.
select date_trunc('minute', {moment} at time zone 'UTC') as minute, count(*), count(*) filter (where {is_loaded})
from {relation} as source_rows
where {at} >= '0001-01-01' and {at} < '10000-01-01'
  and {moment} >= %(window_start)s::timestamptz and {moment} < %(window_end)s::timestamptz
  and {nearby}
  and ({condition})
group by 1;
