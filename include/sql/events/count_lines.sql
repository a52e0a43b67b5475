-- How many events before a moment, and not before another one, are in force.
select count(*)
from {events} as event
where event.at < %(as_of)s::timestamptz
  and event.at >= %(since)s::timestamptz
  and event.withdrawn_at is null;
