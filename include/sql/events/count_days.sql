-- Rows of the source per day (UTC) in one interval; all that is older than 1900 counts as one day.
select greatest(({moment} at time zone 'UTC')::date, date '1899-12-31') as day, count(*)
from {relation} as source_rows
where {at} >= '0001-01-01' and {at} < '10000-01-01'
  and {moment} >= %(window_start)s::timestamptz and {moment} < %(window_end)s::timestamptz
  and {nearby}
  and ({condition})
group by 1;
