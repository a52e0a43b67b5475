-- Customers who moved from segment to segment between consecutive snapshots: as they were counted when the later one
-- was published, or, where that no longer holds, counted now from two partitions. Every column that the window
-- partitions by can be filtered before rows are counted.
create or replace view {bi}.{view} with (security_barrier) as
with pairs as materialized (select * from {space}.consecutive_snapshots)
select
  pairs.from_as_of,
  pairs.to_as_of,
  pairs.algorithm,
  counted.from_cluster_id,
  counted.to_cluster_id,
  counted.customers,
  (
    counted.customers / sum(counted.customers) over (
      partition by pairs.from_as_of, pairs.to_as_of, pairs.algorithm, counted.from_cluster_id
    )
  )::real as share
from pairs
cross join lateral (
  select
    case when moves.from_label < 0 then moves.from_label else source.cluster_id end as from_cluster_id,
    case when moves.to_label < 0 then moves.to_label else target.cluster_id end as to_cluster_id,
    moves.customers
  from {space}.cluster_moves as moves
  left join {space}.cluster_profiles as source
    on source.as_of = pairs.from_as_of and source.algorithm = pairs.algorithm and source.label = moves.from_label
  left join {space}.cluster_profiles as target
    on target.as_of = pairs.to_as_of and target.algorithm = pairs.algorithm and target.label = moves.to_label
  where pairs.is_counted and moves.to_as_of = pairs.to_as_of and moves.algorithm = pairs.algorithm
  union all
  select
    earlier.cluster_id as from_cluster_id,
    later.cluster_id as to_cluster_id,
    count(*) as customers
  from (
    select clusters.customer_id, clusters.cluster_id
    from {space}.customer_clusters as clusters
    where not pairs.is_counted and clusters.as_of = pairs.from_stored_as_of and clusters.algorithm = pairs.algorithm
  ) as earlier
  full join (
    select clusters.customer_id, clusters.cluster_id
    from {space}.customer_clusters as clusters
    where not pairs.is_counted and clusters.as_of = pairs.to_stored_as_of and clusters.algorithm = pairs.algorithm
  ) as later using (customer_id)
  group by 1, 2
) as counted
where pairs.to_as_of {shown};

comment on view {bi}.{view} is 'Customers who moved from segment to segment between consecutive snapshots, including those who stay, {scope}. Ask for a to_as_of and an algorithm.';
comment on column {bi}.{view}.from_as_of is 'The snapshot before, the nearest that has the algorithm.';
comment on column {bi}.{view}.to_as_of is 'The snapshot.';
comment on column {bi}.{view}.algorithm is 'How the segments were found.';
comment on column {bi}.{view}.from_cluster_id is 'The segment they were in, -1 for noise; null for customers who are new.';
comment on column {bi}.{view}.to_cluster_id is 'The segment they are in, -1 for noise; null for customers who have gone.';
comment on column {bi}.{view}.customers is 'Number of customers.';
comment on column {bi}.{view}.share is 'Their share of all who were in from_cluster_id, or of all who are new (0 to 1).';
