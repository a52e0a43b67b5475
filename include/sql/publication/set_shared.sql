-- From this commit on, the snapshots that shared one snapshot's partitions share those of another, which has its own.
update snapshots
set unchanged_since = nullif(%(heir)s::timestamptz, as_of)
where unchanged_since = %(as_of)s;
