-- customer_clusters in a fixed order, for its hash: labels without stable ids.
select as_of, algorithm, customer_id, label, membership, nearest_label, method
from customer_clusters
where algorithm <> 'ivfflat' and as_of in (select as_of from snapshots where status = 'published')
order by as_of, algorithm, customer_id
