-- The last line of a run: the number of published snapshots, and the size of the newest, among all dates or
-- those of the run. Clusters are counted over all algorithms, without noise.
select
  count(*) over () as snapshots,
  newest.customers,
  newest.lookalikes,
  (
    select count(distinct (algorithm, cluster_id))
    from {bi}.clusters
    where as_of = newest.as_of and cluster_id <> -1
  ) as clusters,
  newest.recall
from {bi}.snapshots as newest
where newest.status = 'published' and {made}
order by newest.as_of desc
limit 1
