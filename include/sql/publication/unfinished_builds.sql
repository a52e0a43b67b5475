-- Snapshots whose build has not come to its end: a failed one can be taken up where it stopped.
select as_of from snapshot_builds where state in ('building', 'failed');
