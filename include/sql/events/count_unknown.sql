-- Customers with events in force whom a snapshot does not have; and how many of them it would have, were blanks around
-- a key and its capitals no part of it.
with unknown as (
  select distinct event.customer_id::text as key
  from {events} as event
  where event.at < %(as_of)s::timestamptz
    and event.at >= %(since)s::timestamptz
    and event.withdrawn_at is null
    and not exists (select from {positions} as customer where customer.customer_id = event.customer_id)
),
alike as (
  select distinct lower(btrim(customer.customer_id::text, {blanks})) as key from {positions} as customer
)
select count(*), count(alike.key)
from unknown
left join alike on alike.key = lower(btrim(unknown.key, {blanks}));
