-- Forget how good an earlier publish said the clusters of this snapshot were.
delete from cluster_quality where as_of = %(as_of)s;
