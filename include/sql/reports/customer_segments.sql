-- The segment of a customer in a snapshot, by each algorithm.
select found.algorithm, found.cluster_id, named.name
from {bi}.clusters as found
left join {bi}.cluster_summary as named
  on named.as_of = found.as_of and named.algorithm = found.algorithm and named.cluster_id = found.cluster_id
where found.as_of = %(as_of)s and found.customer_id = %(customer_id)s
order by found.algorithm;
