-- Members and control of an export: those without an event in as many days before it, how many of them had one until a
-- moment, and those who had one in the days before.
with customers as materialized (
  select customer_id, role from audience_export_customers where number = %(number)s
),
found as (
  select
    event.customer_id,
    bool_or(event.at < %(exported_at)s) as had_outcome,
    bool_or(event.at >= %(exported_at)s) as has_outcome
  from {events} as event
  join customers on customers.customer_id = event.customer_id
  where event.at >= %(since)s and event.at < %(counted_until)s and event.withdrawn_at is null
  group by event.customer_id
)
select
  customers.role,
  count(*) filter (where found.had_outcome is not true),
  count(*) filter (where found.had_outcome is not true and found.has_outcome),
  count(*) filter (where found.had_outcome)
from customers
left join found using (customer_id)
group by customers.role;
