-- Days (UTC) outside of what was read, on which events are in force that have arrived with another time.
select distinct greatest((moved.at at time zone 'UTC')::date, date '1899-12-31')
from (
  select identity
  from {landing} as landed
  where identity is not null
    and not exists (
      select from {events} as known
      where known.identity = landed.identity and known.at = landed.at and known.withdrawn_at is null
        and {nearby}
    )
) as arrived
join {events} as moved on moved.identity = arrived.identity and moved.withdrawn_at is null
where not moved.at <@ %(read)s::tstzmultirange;
