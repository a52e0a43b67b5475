-- Customers in both a new label of an algorithm and a cluster of an earlier snapshot; includes noise.
select fresh.label, published.cluster_id, count(*)
from {table} as fresh
join customer_clusters as published
  on published.customer_id = fresh.customer_id
  and published.as_of = %(previous)s
  and published.algorithm = fresh.algorithm
where fresh.algorithm = %(algorithm)s
group by 1, 2;
