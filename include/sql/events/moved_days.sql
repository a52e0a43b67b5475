-- Days (UTC) outside of what was read, on which events are in force that have arrived with another time. Keys that are
-- looked up in their order find the pages of the index in memory.
with arrived as materialized (
  select landed.identity
  from {landing} as landed
  where landed.identity is not null
    and not exists (
      select from {events} as known
      where known.identity = landed.identity and known.at = landed.at and known.withdrawn_at is null
        and {nearby} and known.at <@ %(read)s::tstzmultirange
    )
  order by landed.identity
)
select distinct greatest((moved.at at time zone 'UTC')::date, date '1899-12-31')
from arrived
cross join lateral (
  select events.at
  from {events} as events
  where events.identity = arrived.identity and events.withdrawn_at is null
  {one_by_one}
) as moved
where not moved.at <@ %(read)s::tstzmultirange;
