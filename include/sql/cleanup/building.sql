-- Snapshots that are being built.
select as_of from snapshot_builds where state = 'building';
