-- The events in force before a moment and not before another one.
select event.customer_id, {expressions}
from {events} as event
where event.at < %(as_of)s::timestamptz
  and event.at >= %(since)s::timestamptz
  and event.withdrawn_at is null;
