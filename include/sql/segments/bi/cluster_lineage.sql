-- What became of each segment, one row per event: in every published snapshot, or in the current one.
-- The names that are filled in say which.
create or replace view {bi}.{view} with (security_barrier) as
select
  as_of,
  algorithm,
  case when event in ('merged', 'died') then from_cluster_id else to_cluster_id end as cluster_id,
  reference_as_of,
  event,
  case when event in ('merged', 'died') then from_size else to_size end as size,
  shared,
  from_cluster_id,
  to_cluster_id,
  from_size,
  to_size,
  (shared::double precision / from_size)::real as from_share,
  (shared::double precision / to_size)::real as to_share
from {space}.cluster_lineage
join {space}.shown_snapshots as snapshots using (as_of)
where as_of {shown}
  and algorithm <> all (snapshots.hidden_algorithms);

comment on view {bi}.{view} is 'What became of each segment since the snapshot before, {scope}; a segment that splits or merges has several rows.';
comment on column {bi}.{view}.as_of is 'The snapshot.';
comment on column {bi}.{view}.algorithm is 'How the segments were found.';
comment on column {bi}.{view}.cluster_id is 'The segment that the row is about: to_cluster_id, or from_cluster_id where that has ended.';
comment on column {bi}.{view}.reference_as_of is 'The snapshot before, from which the segments come; null for the first.';
comment on column {bi}.{view}.event is 'kept: the same segment in both. split: to is new and was part of from. merged: from has ended and is part of to. born: to comes from no segment. died: from went into no segment.';
comment on column {bi}.{view}.size is 'Customers in cluster_id.';
comment on column {bi}.{view}.shared is 'Customers in both, from and to.';
comment on column {bi}.{view}.from_cluster_id is 'The segment of the snapshot before; null where born.';
comment on column {bi}.{view}.to_cluster_id is 'The segment of this snapshot; null where died.';
comment on column {bi}.{view}.from_size is 'Customers in from_cluster_id, in the snapshot before.';
comment on column {bi}.{view}.to_size is 'Customers in to_cluster_id.';
comment on column {bi}.{view}.from_share is 'Share of the customers of from_cluster_id who are now in to_cluster_id (0 to 1).';
comment on column {bi}.{view}.to_share is 'Share of the customers of to_cluster_id who come from from_cluster_id (0 to 1).';
