-- Days (UTC) outside of the intervals that were read, on which events are in force that have arrived with another time.
select distinct greatest((known.at at time zone 'UTC')::date, date '1899-12-31')
from (
  select identity
  from {landing} as landed
  where identity is not null
    and not exists (
      select from {events} as there
      where there.identity = landed.identity and there.at = landed.at and there.withdrawn_at is null
        and there.at >= %(first)s::timestamptz and there.at < %(last)s::timestamptz
    )
) as arrived
join {events} as known on known.identity = arrived.identity and known.withdrawn_at is null
where not exists (
  select from unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) as read (window_start, window_end)
  where known.at >= read.window_start and known.at < read.window_end
);
