-- Segments: of every published snapshot (ask for one as_of, and only its partition is read), or of the
-- current one. The names that are filled in say which. Where anything is hidden, segments depend on their being
-- shown, as in lookalikes: EXPLAIN (ANALYZE) would count the rows that pass cluster_id = 3 before the join. What a
-- snapshot shares with an earlier one comes last, as in lookalikes.
create or replace view {bi}.{view} with (security_barrier) as
with shown as materialized (select * from {space}.shown_snapshots)
select
  found.as_of,
  found.algorithm,
  found.customer_id::{key_type} as customer_id,
  found.cluster_id,
  found.label,
  case when not found.is_hidden then found.membership end as membership,
  case when not found.is_hidden then found.nearest_cluster_id end as nearest_cluster_id,
  found.method,
  found.list_number,
  case when not found.is_hidden then found.center_distance end as center_distance,
  found.generation
from (
  select
    clusters.as_of, clusters.algorithm, clusters.customer_id, clusters.cluster_id, clusters.label, clusters.membership,
    clusters.nearest_cluster_id, clusters.method, clusters.list_number, clusters.center_distance, clusters.generation,
    shown.is_hidden
  from {space}.customer_clusters as clusters
  join shown on shown.as_of = clusters.as_of and shown.stored_as_of = clusters.as_of
  where {hides_nothing}
  union all
  select
    clusters.as_of, clusters.algorithm, clusters.customer_id,
    case when clusters.algorithm <> all (shown.hidden_algorithms) then clusters.cluster_id end,
    case when clusters.algorithm <> all (shown.hidden_algorithms) then clusters.label end,
    clusters.membership, clusters.nearest_cluster_id, clusters.method,
    case when clusters.algorithm <> all (shown.hidden_algorithms) then clusters.list_number end,
    clusters.center_distance, clusters.generation, shown.is_hidden
  from {space}.customer_clusters as clusters
  join shown on shown.as_of = clusters.as_of and shown.stored_as_of = clusters.as_of
  where clusters.algorithm <> all (shown.hidden_algorithms) and not {hides_nothing}
  union all
  select
    shown.as_of, shared.algorithm, shared.customer_id, shared.cluster_id, shared.label, shared.membership,
    shared.nearest_cluster_id, shared.method, shared.list_number, shared.center_distance, shared.generation, shown.is_hidden
  from shown
  cross join lateral (
    select
      clusters.algorithm, clusters.customer_id, clusters.cluster_id, clusters.label, clusters.membership,
      clusters.nearest_cluster_id, clusters.method, clusters.list_number, clusters.center_distance, clusters.generation
    from {space}.customer_clusters as clusters
    where clusters.as_of = shown.stored_as_of and shown.hidden_algorithms = '{{}}'
    union all
    select
      clusters.algorithm, clusters.customer_id,
      case when clusters.algorithm <> all (shown.hidden_algorithms) then clusters.cluster_id end,
      case when clusters.algorithm <> all (shown.hidden_algorithms) then clusters.label end,
      clusters.membership, clusters.nearest_cluster_id, clusters.method,
      case when clusters.algorithm <> all (shown.hidden_algorithms) then clusters.list_number end,
      clusters.center_distance, clusters.generation
    from {space}.customer_clusters as clusters
    where clusters.as_of = shown.stored_as_of and clusters.algorithm <> all (shown.hidden_algorithms)
      and shown.hidden_algorithms <> '{{}}'
  ) as shared
  where shown.stored_as_of <> shown.as_of
) as found
where found.as_of {shown};

comment on view {bi}.{view} is 'The segment of every customer by every algorithm, {scope}.';
comment on column {bi}.{view}.as_of is 'The snapshot.';
comment on column {bi}.{view}.algorithm is 'How the segments were found, such as kmeans, hdbscan or ivfflat.';
comment on column {bi}.{view}.customer_id is 'The customer.';
comment on column {bi}.{view}.cluster_id is 'The segment; the same number is the same segment from night to night. -1 is noise.';
comment on column {bi}.{view}.label is 'The segment within this snapshot alone: 0 is the largest. -1 is noise.';
comment on column {bi}.{view}.membership is 'How strongly the customer belongs to the segment (0 to 1). Null where the spec has private features.';
comment on column {bi}.{view}.nearest_cluster_id is 'The nearest segment, also where cluster_id is -1. Null where the spec has private features.';
comment on column {bi}.{view}.method is 'What exactly was computed, such as "hdbscan exact".';
comment on column {bi}.{view}.list_number is 'The IVFFlat list of the customer, from 1; only for algorithm ivfflat.';
comment on column {bi}.{view}.center_distance is 'Distance to the centroid of that list, by the metric; only for algorithm ivfflat. Null where the spec has private features.';
comment on column {bi}.{view}.generation is 'The row of index_builds whose index has the list; null for lists made outside an index.';
