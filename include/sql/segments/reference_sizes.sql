-- Clusters of an algorithm in the reference snapshot, with sizes.
select cluster_id, count(*)
from customer_clusters
where as_of = %(reference)s and algorithm = %(algorithm)s and cluster_id >= 0
group by 1
order by 1;
