-- Members and control of exports: those without an event in as many days before it, how many of them had one until a
-- moment, and those who had one in the days before. One pass over the events serves all exports.
with exports as (
  select *
  from unnest(
    %(numbers)s::integer[], %(since)s::timestamptz[], %(exported_at)s::timestamptz[], %(counted_until)s::timestamptz[]
  ) as given (number, since, exported_at, counted_until)
),
found as (
  select
    customers.number,
    customers.customer_id,
    bool_or(event.at < exports.exported_at) as had_outcome,
    bool_or(event.at >= exports.exported_at) as has_outcome
  from {events} as event
  join audience_export_customers as customers on customers.customer_id = event.customer_id
  join exports on exports.number = customers.number
  where event.withdrawn_at is null
    and event.at >= exports.since
    and event.at < exports.counted_until
    and event.at >= (select min(since) from exports)
    and event.at < (select max(counted_until) from exports)
  group by customers.number, customers.customer_id
)
select
  customers.number,
  customers.role,
  count(*) filter (where found.had_outcome is not true),
  count(*) filter (where found.had_outcome is not true and found.has_outcome),
  count(*) filter (where found.had_outcome)
from audience_export_customers as customers
join exports on exports.number = customers.number
left join found on found.number = customers.number and found.customer_id = customers.customer_id
group by customers.number, customers.role;
