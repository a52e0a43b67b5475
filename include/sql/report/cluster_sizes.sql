-- Customers in each segment of the current snapshot, the largest first; -1 is noise and comes last.
select
  algorithm,
  cluster_id,
  count(*) as customers
from {bi}.clusters_current
group by algorithm, cluster_id
order by algorithm, cluster_id = -1, count(*) desc, cluster_id
