-- Members and control of exports: those without an event in as many days before it, how many of them had one until a
-- moment, and those who had one in the days before. What gives something back is no event here. The moments of each customer are gathered once, for all exports.
with exports as (
  select *
  from unnest(
    %(numbers)s::integer[], %(since)s::timestamptz[], %(exported_at)s::timestamptz[], %(counted_until)s::timestamptz[]
  ) as given (number, since, exported_at, counted_until)
),
happened as materialized (
  select event.customer_id, range_agg(tstzrange(event.at, event.at, '[]')) as moments
  from {events} as event
  where event.withdrawn_at is null
    and not ({is_return})
    and event.at >= (select min(since) from exports)
    and event.at < (select max(counted_until) from exports)
    and event.customer_id in (
      select customers.customer_id from audience_export_customers as customers where customers.number = any (%(numbers)s)
    )
  group by event.customer_id
)
select
  customers.number,
  customers.role,
  count(*) filter (where judged.had_outcome is not true),
  count(*) filter (where judged.had_outcome is not true and judged.has_outcome),
  count(*) filter (where judged.had_outcome)
from audience_export_customers as customers
join exports on exports.number = customers.number
left join happened on happened.customer_id = customers.customer_id
cross join lateral (
  select
    happened.moments && tstzrange(exports.since, exports.exported_at) as had_outcome,
    happened.moments && tstzrange(exports.exported_at, exports.counted_until) as has_outcome
) as judged
group by customers.number, customers.role;
