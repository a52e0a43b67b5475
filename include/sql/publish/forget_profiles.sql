-- Forget what an earlier publish said of the clusters of this snapshot.
delete from cluster_profiles where as_of = %(as_of)s;
