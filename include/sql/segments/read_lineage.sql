-- What is noted of the clusters of a snapshot.
select reference_as_of, event, from_cluster_id, to_cluster_id, from_size, to_size, shared
from cluster_lineage
where as_of = %(as_of)s and algorithm = %(algorithm)s;
