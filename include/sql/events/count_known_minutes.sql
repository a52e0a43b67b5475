-- Events in force and rejected rows per minute (UTC) of some days.
select minute, sum(rows)::bigint
from (
  select date_trunc('minute', known.at at time zone 'UTC') as minute, count(*) as rows
  from {events} as known
  where known.withdrawn_at is null and {nearby} and known.at <@ %(read)s::tstzmultirange
  group by 1
  union all
  select date_trunc('minute', rejected.at at time zone 'UTC'), sum(rejected.source_rows)
  from rejected_events as rejected
  where rejected.event = %(event)s and rejected.at <@ %(read)s::tstzmultirange
  group by 1
) as known_rows
group by minute;
