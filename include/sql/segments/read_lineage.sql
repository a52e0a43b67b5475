-- The recorded lineage of an algorithm's clusters in a snapshot.
select reference_as_of, event, from_cluster_id, to_cluster_id, from_size, to_size, shared
from cluster_lineage
where as_of = %(as_of)s and algorithm = %(algorithm)s;
