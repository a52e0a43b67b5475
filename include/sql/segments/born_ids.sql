-- Ids that an earlier try at this snapshot allocated to new clusters.
select birth_order, cluster_id from cluster_ids where algorithm = %(algorithm)s and born_as_of = %(as_of)s;
