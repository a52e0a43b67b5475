-- Customers from segment to segment on the way to the current snapshot, or to the newest that the
-- statement's plan knows: see lookalikes_current.
create or replace view {bi}.cluster_movements_current as
select
  from_as_of,
  to_as_of,
  algorithm,
  from_cluster_id,
  to_cluster_id,
  customers,
  share
from {bi}.cluster_movements
where to_as_of = (
  select snapshots.as_of
  from {space}.snapshots
  where snapshots.status = 'published'
    and snapshots.as_of <= (select current_snapshot.as_of from {space}.current_snapshot)
    and (select true from {space}.customer_clusters as known where known.as_of = snapshots.as_of limit 1)
  order by snapshots.as_of desc
  limit 1
);

comment on view {bi}.cluster_movements_current is 'Customers from segment to segment on the way to the current snapshot, those who stay among them.';
comment on column {bi}.cluster_movements_current.from_as_of is 'The snapshot before, the nearest that has the algorithm.';
comment on column {bi}.cluster_movements_current.to_as_of is 'The snapshot.';
comment on column {bi}.cluster_movements_current.algorithm is 'How the segments were found.';
comment on column {bi}.cluster_movements_current.from_cluster_id is 'The segment they were in, -1 for noise; null for customers who are new.';
comment on column {bi}.cluster_movements_current.to_cluster_id is 'The segment they are in, -1 for noise; null for customers who have gone.';
comment on column {bi}.cluster_movements_current.customers is 'How many.';
comment on column {bi}.cluster_movements_current.share is 'Their share of all who were in from_cluster_id, or of all who are new (0 to 1).';
