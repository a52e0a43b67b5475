-- Forget what is noted of the clusters of an algorithm in a snapshot.
delete from cluster_lineage where as_of = %(as_of)s and algorithm = %(algorithm)s;
