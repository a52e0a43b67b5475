-- Customers who moved from segment to segment between consecutive snapshots. Each snapshot and algorithm
-- asked for reads two partitions: the pairs of snapshots are found once, from the first customer of each,
-- and every column that the window partitions by can be filtered before rows are counted.
create or replace view {bi}.{view} with (security_barrier) as
with known as (
  select snapshots.as_of, snapshots.stored_as_of, algorithms.algorithm
  from {space}.shown_snapshots as snapshots
  cross join (select distinct cluster_ids.algorithm from {space}.cluster_ids) as algorithms
  where algorithms.algorithm <> all (snapshots.hidden_algorithms)
    and (
      select true
      from {space}.customer_clusters as first
      where first.as_of = snapshots.stored_as_of and first.algorithm = algorithms.algorithm
      order by first.customer_id
      limit 1
    )
),
pairs as materialized (
  select
    lag(known.as_of) over (partition by known.algorithm order by known.as_of) as from_as_of,
    lag(known.stored_as_of) over (partition by known.algorithm order by known.as_of) as from_stored_as_of,
    known.as_of as to_as_of,
    known.stored_as_of as to_stored_as_of,
    known.algorithm
  from known
)
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
    earlier.cluster_id as from_cluster_id,
    later.cluster_id as to_cluster_id,
    count(*) as customers
  from (
    select clusters.customer_id, clusters.cluster_id
    from {space}.customer_clusters as clusters
    where clusters.as_of = pairs.from_stored_as_of and clusters.algorithm = pairs.algorithm
  ) as earlier
  full join (
    select clusters.customer_id, clusters.cluster_id
    from {space}.customer_clusters as clusters
    where clusters.as_of = pairs.to_stored_as_of and clusters.algorithm = pairs.algorithm
  ) as later using (customer_id)
  group by 1, 2
) as counted
where pairs.from_as_of is not null and pairs.to_as_of {shown};

comment on view {bi}.{view} is 'Customers who moved from segment to segment between consecutive snapshots, including those who stay, {scope}. Ask for a to_as_of and an algorithm.';
comment on column {bi}.{view}.from_as_of is 'The snapshot before, the nearest that has the algorithm.';
comment on column {bi}.{view}.to_as_of is 'The snapshot.';
comment on column {bi}.{view}.algorithm is 'How the segments were found.';
comment on column {bi}.{view}.from_cluster_id is 'The segment they were in, -1 for noise; null for customers who are new.';
comment on column {bi}.{view}.to_cluster_id is 'The segment they are in, -1 for noise; null for customers who have gone.';
comment on column {bi}.{view}.customers is 'Number of customers.';
comment on column {bi}.{view}.share is 'Their share of all who were in from_cluster_id, or of all who are new (0 to 1).';
