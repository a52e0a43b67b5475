-- The customer with the smallest id (rank 0) and its five lookalikes, with attributes a person can
-- compare: their newest versions before the current snapshot's as_of.
with example as (
  {example}
),

shown as (
  select as_of, 0 as rank, customer_id, null::real as similarity
  from example
  union all
  select lookalikes.as_of, lookalikes.rank, lookalikes.lookalike_id, lookalikes.similarity
  from {bi}.lookalikes_current as lookalikes
  join example using (as_of, customer_id)
  where lookalikes.rank <= 5
)

select
  shown.rank,
  shown.customer_id,
  shown.similarity
  {attributes}
from shown
{behaviour}
left join lateral (
  select *
  from {space}.customer_versions as versions
  where versions.customer_id = shown.customer_id and versions.updated_at < shown.as_of
  order by versions.updated_at desc
  limit 1
) as version on true
order by shown.rank
