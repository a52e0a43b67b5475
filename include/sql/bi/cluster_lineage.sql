-- What became of each segment, for every published snapshot.
create or replace view {bi}.cluster_lineage as
select
  as_of,
  algorithm,
  cluster_id,
  reference_as_of,
  event,
  size,
  shared
from {space}.cluster_lineage
where as_of in (select snapshots.as_of from {space}.snapshots where snapshots.status = 'published');

comment on view {bi}.cluster_lineage is 'What became of each segment from one snapshot to the next.';
comment on column {bi}.cluster_lineage.as_of is 'The snapshot.';
comment on column {bi}.cluster_lineage.algorithm is 'How the segments were found.';
comment on column {bi}.cluster_lineage.cluster_id is 'The segment.';
comment on column {bi}.cluster_lineage.reference_as_of is 'The snapshot it is compared with; null for the first.';
comment on column {bi}.cluster_lineage.event is 'born, kept or died.';
comment on column {bi}.cluster_lineage.size is 'Customers in the segment (in the reference, where it died).';
comment on column {bi}.cluster_lineage.shared is 'Customers that it has in common with itself in the reference.';
