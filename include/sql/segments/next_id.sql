-- The next id of an algorithm that has never been used.
select coalesce(max(cluster_id) + 1, 0) from cluster_ids where algorithm = %(algorithm)s;
