-- Every id of an algorithm ever allocated, and when.
select cluster_id, born_as_of, birth_order from cluster_ids where algorithm = %(algorithm)s;
