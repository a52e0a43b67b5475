-- The next id of an algorithm that was never used.
select coalesce(max(cluster_id) + 1, 0) from cluster_ids where algorithm = %(algorithm)s;
