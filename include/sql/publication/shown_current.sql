-- The snapshot of the _current views over tables without partitions.
select current_snapshot.as_of from {space}.current_snapshot
