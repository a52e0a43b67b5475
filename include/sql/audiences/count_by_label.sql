-- Members and control of exports: those who did not have a label at export, how many of them got it until a moment, and
-- those who had it. A version is what was known of a customer from its time to the next one's. One pass over the versions
-- serves all exports: of each version it finds the places of the outcomes that hold.
with exports as (
  select *
  from unnest(
    %(numbers)s::integer[], %(exported_at)s::timestamptz[], %(counted_until)s::timestamptz[], %(outcomes)s::integer[]
  ) as given (number, exported_at, counted_until, outcome)
),
spans as materialized (
  select span.customer_id, span.updated_at, span.next_at, holding.outcome
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
),
found as (
  select
    customers.number,
    customers.customer_id,
    bool_or(spans.updated_at < exports.exported_at) as had_outcome,
    bool_or(spans.updated_at >= exports.exported_at) as has_outcome
  from spans
  join audience_export_customers as customers on customers.customer_id = spans.customer_id
  join exports on exports.number = customers.number and exports.outcome = spans.outcome
  where spans.updated_at < exports.counted_until
    and (spans.updated_at >= exports.exported_at or spans.next_at is null or spans.next_at >= exports.exported_at)
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
