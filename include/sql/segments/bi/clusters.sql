-- Segments: of every published snapshot (ask for one as_of, and only its partition is read), or of the
-- current one. The names that are filled in say which.
create or replace view {bi}.{view} with (security_barrier) as
select
  as_of,
  algorithm,
  customer_id::{key_type} as customer_id,
  cluster_id,
  label,
  case when not snapshots.is_hidden then membership end as membership,
  case when not snapshots.is_hidden then nearest_cluster_id end as nearest_cluster_id,
  method,
  list_number,
  case when not snapshots.is_hidden then center_distance end as center_distance,
  generation
from {space}.customer_clusters
join {space}.shown_snapshots as snapshots using (as_of)
where as_of {shown}
  and algorithm <> all (snapshots.hidden_algorithms);

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
