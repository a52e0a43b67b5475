-- customer_lookalikes in a fixed order, for its hash.
-- A warehouse that is not upgraded yet has no such column, and is hashed to be compared.
with shown as materialized (
  select as_of, coalesce((to_jsonb(snapshots) ->> 'unchanged_since')::timestamptz, as_of) as stored_as_of
  from snapshots
  where status = 'published'
)
select shown.as_of, customer_id, rank, lookalike_id, distance
from customer_lookalikes as found
join shown on shown.stored_as_of = found.as_of
order by shown.as_of, customer_id, rank
