-- What the example customer and at least half of its lookalikes have bought, that others buy least: with the share of
-- all customers who own anything, and the lift.
with example as (
  {example}
),

alike as (
  select lookalikes.lookalike_id as customer_id
  from {bi}.lookalikes_current as lookalikes
  join example using (as_of, customer_id)
),

owned as materialized (
  select distinct lines.customer_id, lines.item
  from {space}.{events} as lines
  cross join example
  where lines.at < example.as_of and lines.withdrawn_at is null and lines.item is not null and {is_bought}
),

shared as (
  select
    own.item,
    count(*) filter (where others.customer_id in (select customer_id from alike)) as lookalikes,
    count(*)::float8 / (select count(distinct customer_id) from owned) as share
  from owned as own
  join example using (customer_id)
  join owned as others using (item)
  group by own.item
)

select
  example.customer_id,
  coalesce(catalogue.name, item_values.value) as item,
  shared.lookalikes,
  (select count(*) from alike) as of_lookalikes,
  shared.share,
  shared.lookalikes / (select count(*) from alike)::float8 / shared.share as lift
from shared
cross join example
join {space}.event_values as item_values
  on item_values.event = {event} and item_values.column_name = 'item' and item_values.code = shared.item
left join lateral (
  select versions.name
  from {space}.catalogue_versions as versions
  where versions.item = item_values.value
  order by versions.landed_at desc
  limit 1
) as catalogue on true
where shared.lookalikes >= greatest(2, (select count(*) from alike) / 2.0)
order by lift desc, item
limit 5
