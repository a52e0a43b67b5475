-- The current segments of customers by one algorithm, with their names, for bi.customers.
select clusters.customer_id, clusters.cluster_id, names.name
from {space}.customer_clusters as clusters
left join names on names.algorithm = clusters.algorithm and names.cluster_id = clusters.cluster_id
where clusters.as_of = (select shown.stored_as_of from shown) and clusters.algorithm = {algorithm}
