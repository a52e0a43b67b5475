-- Events of the source that happened in some minutes (UTC), which are within an interval.
select {columns}
from {relation} as source_rows
where {at} >= '0001-01-01' and {at} < '10000-01-01'
  and date_trunc('minute', {moment} at time zone 'UTC') = any (%(minutes)s::timestamp[])
  and {within}
  and ({condition});
