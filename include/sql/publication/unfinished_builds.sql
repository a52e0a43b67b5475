-- Snapshots with an unfinished build; a failed build can be resumed where it stopped.
select as_of from snapshot_builds where state in ('building', 'failed');
