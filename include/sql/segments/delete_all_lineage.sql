-- Delete the recorded lineage of an algorithm's clusters in a snapshot.
delete from cluster_lineage where as_of = %(as_of)s and algorithm = %(algorithm)s;
