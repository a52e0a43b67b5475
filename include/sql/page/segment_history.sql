-- The segments of a customer in some snapshots, by each algorithm; the newest first.
select found.as_of, found.algorithm, found.cluster_id, named.name
from {bi}.clusters as found
left join {bi}.cluster_summary as named
  on named.as_of = found.as_of and named.algorithm = found.algorithm and named.cluster_id = found.cluster_id
where found.as_of = any (%(as_ofs)s) and found.customer_id = %(customer_id)s
order by found.as_of desc, found.algorithm;
