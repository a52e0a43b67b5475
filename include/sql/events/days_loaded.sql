-- Days (UTC) of older events that were loaded or changed in one interval.
select distinct greatest(({moment} at time zone 'UTC')::date, date '1899-12-31')
from {relation} as source_rows
where {loaded} >= %(window_start)s::timestamptz and {loaded} < %(window_end)s::timestamptz
  and {nearby}
  and {at} >= '0001-01-01' and {at} < '10000-01-01'
  and {moment} < %(before)s::timestamptz
  and ({condition});
