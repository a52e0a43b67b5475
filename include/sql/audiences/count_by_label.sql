-- Members and control of exports: those who did not have a label at export, how many of them got it until a moment, and
-- those who had it. A version is what was known of a customer from its time to the next one's. When which of the outcomes
-- held for each customer is gathered once, for all exports; who had none just before an export, and has one in its days,
-- has got it in them.
with exports as (
  select *
  from unnest(
    %(numbers)s::integer[], %(exported_at)s::timestamptz[], %(counted_until)s::timestamptz[], %(outcomes)s::integer[]
  ) as given (number, exported_at, counted_until, outcome)
),
held as materialized (
  select span.customer_id, holding.outcome, range_agg(tstzrange(span.updated_at, span.next_at)) as times
  from (
    select
      version.customer_id,
      version.updated_at,
      version.is_deleted,
      {holding} as outcomes,
      lead(version.updated_at) over (partition by version.customer_id order by version.updated_at) as next_at
    from customer_versions as version
    where version.updated_at < (select max(counted_until) from exports)
      and version.customer_id in (
        select customers.customer_id from audience_export_customers as customers where customers.number = any (%(numbers)s)
      )
  ) as span
  cross join lateral unnest(span.outcomes) as holding (outcome)
  where not span.is_deleted
  group by span.customer_id, holding.outcome
)
select
  customers.number,
  customers.role,
  count(*) filter (where judged.had_outcome is not true),
  count(*) filter (where judged.had_outcome is not true and judged.has_outcome),
  count(*) filter (where judged.had_outcome)
from audience_export_customers as customers
join exports on exports.number = customers.number
left join held on held.customer_id = customers.customer_id and held.outcome = exports.outcome
cross join lateral (
  select
    held.times @> (exports.exported_at - interval '1 microsecond') as had_outcome,
    held.times && tstzrange(exports.exported_at, exports.counted_until) as has_outcome
) as judged
group by customers.number, customers.role;
