-- Published snapshots of every algorithm that has allocated ids, by date, each with the newest earlier
-- snapshot that has been pruned, and whose partitions hold its rows. The scalar subselect on the partitions lets the executor skip others.
select
  algorithms.algorithm,
  snapshots.as_of,
  (
    select max(pruned.as_of)
    from snapshots as pruned
    where pruned.status = 'pruned' and pruned.as_of < snapshots.as_of
  ),
  coalesce(snapshots.unchanged_since, snapshots.as_of)
from (select distinct algorithm from cluster_ids) as algorithms
cross join snapshots
where snapshots.status = 'published'
  and (
    select true
    from customer_clusters as known
    where known.as_of = coalesce(snapshots.unchanged_since, snapshots.as_of) and known.algorithm = algorithms.algorithm
    order by known.customer_id
    limit 1
  )
order by 1, 2;
