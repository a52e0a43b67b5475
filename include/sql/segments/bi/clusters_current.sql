-- Segments of the current snapshot, or of the newest that the statement's plan knows: see
-- lookalikes_current.
create or replace view {bi}.clusters_current as
select
  as_of,
  algorithm,
  customer_id,
  cluster_id,
  label,
  membership,
  nearest_cluster_id,
  method,
  list_number,
  center_distance,
  generation
from {space}.customer_clusters
where as_of = (
  select snapshots.as_of
  from {space}.snapshots
  where snapshots.status = 'published'
    and snapshots.as_of <= (select current_snapshot.as_of from {space}.current_snapshot)
    and (select true from {space}.customer_clusters as known where known.as_of = snapshots.as_of limit 1)
  order by snapshots.as_of desc
  limit 1
);

comment on view {bi}.clusters_current is 'The segment of every customer by every algorithm, as of the current snapshot.';
comment on column {bi}.clusters_current.as_of is 'The snapshot.';
comment on column {bi}.clusters_current.algorithm is 'How the segments were found, such as kmeans, hdbscan or ivfflat.';
comment on column {bi}.clusters_current.customer_id is 'The customer.';
comment on column {bi}.clusters_current.cluster_id is 'The segment; the same number is the same segment from night to night. -1 is noise.';
comment on column {bi}.clusters_current.label is 'The segment within this snapshot alone: 0 is the largest. -1 is noise.';
comment on column {bi}.clusters_current.membership is 'How firmly the customer belongs to the segment (0 to 1).';
comment on column {bi}.clusters_current.nearest_cluster_id is 'The nearest segment, also where cluster_id is -1.';
comment on column {bi}.clusters_current.method is 'What exactly was computed, such as "hdbscan exact".';
comment on column {bi}.clusters_current.list_number is 'The IVFFlat list of the customer, from 1; only for algorithm ivfflat.';
comment on column {bi}.clusters_current.center_distance is 'Distance to the centre of that list, by the metric; only for algorithm ivfflat.';
comment on column {bi}.clusters_current.generation is 'The row of index_builds whose index has the list; null for lists made outside of an index.';
