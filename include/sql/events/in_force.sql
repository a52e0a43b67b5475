-- Events in force in a fixed order, for their hash: without arrival, and with texts instead of codes.
select events.customer_id, events.at, events.identity{further_columns}
from {events} as events
{joins}
where events.withdrawn_at is null
order by events.customer_id, events.at, events.identity
