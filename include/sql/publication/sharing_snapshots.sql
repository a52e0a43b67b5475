-- The published snapshots that share the partitions of another one, oldest first.
select as_of from snapshots where unchanged_since = %(as_of)s and status = 'published' order by as_of;
