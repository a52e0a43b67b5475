-- What became of each segment in the current snapshot.
create or replace view {bi}.cluster_lineage_current as
select
  as_of,
  algorithm,
  cluster_id,
  reference_as_of,
  event,
  size,
  shared
from {space}.cluster_lineage
where as_of = (select current_snapshot.as_of from {space}.current_snapshot);

comment on view {bi}.cluster_lineage_current is 'What became of each segment in the current snapshot.';
comment on column {bi}.cluster_lineage_current.as_of is 'The snapshot.';
comment on column {bi}.cluster_lineage_current.algorithm is 'How the segments were found.';
comment on column {bi}.cluster_lineage_current.cluster_id is 'The segment.';
comment on column {bi}.cluster_lineage_current.reference_as_of is 'The snapshot it is compared with; null for the first.';
comment on column {bi}.cluster_lineage_current.event is 'born, kept or died.';
comment on column {bi}.cluster_lineage_current.size is 'Customers in the segment (in the reference, where it died).';
comment on column {bi}.cluster_lineage_current.shared is 'Customers that it has in common with itself in the reference.';
