-- Customers in common between the new labels of an algorithm and the clusters of an earlier snapshot,
-- noise among both.
select fresh.label, published.cluster_id, count(*)
from {table} as fresh
join customer_clusters as published
  on published.customer_id = fresh.customer_id
  and published.as_of = %(previous)s
  and published.algorithm = fresh.algorithm
where fresh.algorithm = %(algorithm)s
group by 1, 2;
