-- The last line of a run: the number of published snapshots, and the size of the current one.
-- Clusters are counted over all algorithms, without noise.
select
  (select count(*) from {bi}.snapshots where status = 'published') as snapshots,
  current_one.customers,
  current_one.lookalikes,
  (
    select count(distinct (algorithm, cluster_id))
    from {bi}.clusters_current
    where cluster_id <> -1
  ) as clusters,
  current_one.recall
from {bi}.snapshots as current_one
where current_one.status = 'published'
order by current_one.as_of desc
limit 1
