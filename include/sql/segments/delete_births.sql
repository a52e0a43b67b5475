-- Delete the ids that some snapshots have allocated, so that they can be numbered again.
delete from cluster_ids where algorithm = %(algorithm)s and born_as_of = any(%(moments)s);
