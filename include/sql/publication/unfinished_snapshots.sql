-- Snapshots that are being built or have failed, and the last two published ones.
(select as_of from snapshot_builds where state in ('building', 'failed'))
union
(select as_of from snapshots where status = 'published' order by as_of desc limit 2);
