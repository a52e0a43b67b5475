-- Segments of every published snapshot; ask for one as_of and only its partition is read.
create or replace view {bi}.clusters as
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
where as_of in (select snapshots.as_of from {space}.snapshots where snapshots.status = 'published');

comment on view {bi}.clusters is 'The segment of every customer by every algorithm, for every published snapshot.';
comment on column {bi}.clusters.as_of is 'The snapshot.';
comment on column {bi}.clusters.algorithm is 'How the segments were found, such as kmeans, hdbscan or ivfflat.';
comment on column {bi}.clusters.customer_id is 'The customer.';
comment on column {bi}.clusters.cluster_id is 'The segment; the same number is the same segment from night to night. -1 is noise.';
comment on column {bi}.clusters.label is 'The segment within this snapshot alone: 0 is the largest. -1 is noise.';
comment on column {bi}.clusters.membership is 'How firmly the customer belongs to the segment (0 to 1).';
comment on column {bi}.clusters.nearest_cluster_id is 'The nearest segment, also where cluster_id is -1.';
comment on column {bi}.clusters.method is 'What exactly was computed, such as "hdbscan exact".';
comment on column {bi}.clusters.list_number is 'The IVFFlat list of the customer, from 1; only for algorithm ivfflat.';
comment on column {bi}.clusters.center_distance is 'Distance to the centre of that list, by the metric; only for algorithm ivfflat.';
comment on column {bi}.clusters.generation is 'The row of index_builds whose index has the list; null for lists made outside of an index.';
