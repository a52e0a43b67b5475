-- The events in force of some customers, by their positions, before a moment and not before another one.
select customer.position, {expressions}
from {events} as event
join {positions} as customer on customer.customer_id = event.customer_id
where event.at < %(as_of)s::timestamptz
  and event.at >= %(since)s::timestamptz
  and event.withdrawn_at is null;
