-- Customers in both a new label of an algorithm and a cluster of the reference.
select fresh.label, published.cluster_id, count(*)
from {labels} as fresh
join customer_clusters as published
  on published.customer_id = fresh.customer_id
  and published.as_of = %(reference)s
  and published.algorithm = %(algorithm)s
where fresh.label >= 0 and published.cluster_id >= 0
group by 1, 2;
