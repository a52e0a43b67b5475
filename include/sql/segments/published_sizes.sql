-- Labels of an algorithm in a snapshot, with their ids and sizes.
select label, cluster_id, count(*)
from customer_clusters
where as_of = %(as_of)s and algorithm = %(algorithm)s and label >= 0
group by 1, 2
order by 1;
