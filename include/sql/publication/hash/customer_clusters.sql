-- customer_clusters in a fixed order, for its hash: labels without stable ids.
-- A warehouse that is not upgraded yet has no such column, and is hashed to be compared.
with shown as materialized (
  select as_of, coalesce((to_jsonb(snapshots) ->> 'unchanged_since')::timestamptz, as_of) as stored_as_of
  from snapshots
  where status = 'published'
)
select shown.as_of, algorithm, customer_id, label, membership, nearest_label, method
from customer_clusters as clusters
join shown on shown.stored_as_of = clusters.as_of
where algorithm <> 'ivfflat'
order by shown.as_of, algorithm, customer_id
