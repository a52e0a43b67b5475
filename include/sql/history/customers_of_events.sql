-- The customers as of a date where there is no table of them: who has an event before it.
select customer_id, max(at) as updated_at, false as is_deleted
from {events}
where at < {as_of}::timestamptz and withdrawn_at is null
group by customer_id
