-- customer_map in a fixed order, for its hash.
-- A warehouse that is not upgraded yet has no such column, and is hashed to be compared.
with shown as materialized (
  select as_of, coalesce((to_jsonb(snapshots) ->> 'unchanged_since')::timestamptz, as_of) as stored_as_of
  from snapshots
  where status = 'published' and mapped is not null
)
select shown.as_of, customer_id, x, y, updated_at
from customer_map as placed
join shown on shown.stored_as_of = placed.as_of
order by shown.as_of, customer_id
