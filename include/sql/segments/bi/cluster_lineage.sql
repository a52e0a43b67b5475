-- What became of each segment, one row per event: in every published snapshot, or in the current one.
-- The names that are filled in say which. Columns depend on being shown, as in shown_profiles.
create or replace view {bi}.{view} with (security_barrier) as
with shown as materialized (select as_of, hidden_algorithms from {space}.shown_snapshots)
select
  found.as_of,
  found.algorithm,
  case when found.event in ('merged', 'died') then found.from_cluster_id else found.to_cluster_id end as cluster_id,
  found.reference_as_of,
  found.event,
  case when found.event in ('merged', 'died') then found.from_size else found.to_size end as size,
  found.shared,
  found.from_cluster_id,
  found.to_cluster_id,
  found.from_size,
  found.to_size,
  (found.shared::double precision / found.from_size)::real as from_share,
  (found.shared::double precision / found.to_size)::real as to_share
from (
  select
    told.as_of,
    case when told.is_shown then told.algorithm end as algorithm,
    case when told.is_shown then told.reference_as_of end as reference_as_of,
    case when told.is_shown then told.event end as event,
    case when told.is_shown then told.from_cluster_id end as from_cluster_id,
    case when told.is_shown then told.to_cluster_id end as to_cluster_id,
    case when told.is_shown then told.from_size end as from_size,
    case when told.is_shown then told.to_size end as to_size,
    case when told.is_shown then told.shared end as shared
  from (
    select lineage.*, lineage.algorithm <> all (shown.hidden_algorithms) as is_shown
    from {space}.cluster_lineage as lineage
    join shown using (as_of)
  ) as told
  where told.is_shown
) as found
where found.as_of {shown};

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
