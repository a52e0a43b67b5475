-- Forget the ids that some snapshots have given out: they are numbered anew.
delete from cluster_ids where algorithm = %(algorithm)s and born_as_of = any(%(moments)s);
