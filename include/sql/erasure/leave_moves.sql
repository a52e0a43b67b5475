-- Count a customer no longer among those who moved from segment to segment, while their segments are known.
with pairs as (
  select distinct
    moves.to_as_of,
    moves.algorithm,
    coalesce(earlier.unchanged_since, earlier.as_of) as from_stored_as_of,
    coalesce(later.unchanged_since, later.as_of) as to_stored_as_of
  from cluster_moves as moves
  join snapshots as earlier on earlier.as_of = moves.from_as_of
  join snapshots as later on later.as_of = moves.to_as_of
),
labelled as (
  select
    pairs.to_as_of,
    pairs.algorithm,
    (
      select known.label from customer_clusters as known
      where known.as_of = pairs.from_stored_as_of and known.algorithm = pairs.algorithm
        and known.customer_id = (select customer_id from erasure_requests where number = %(request)s)
    ) as from_label,
    (
      select known.label from customer_clusters as known
      where known.as_of = pairs.to_stored_as_of and known.algorithm = pairs.algorithm
        and known.customer_id = (select customer_id from erasure_requests where number = %(request)s)
    ) as to_label
  from pairs
)
update cluster_moves as moves
set customers = moves.customers - 1
from labelled
where moves.to_as_of = labelled.to_as_of
  and moves.algorithm = labelled.algorithm
  and moves.from_label is not distinct from labelled.from_label
  and moves.to_label is not distinct from labelled.to_label;
delete from cluster_moves where customers <= 0;
