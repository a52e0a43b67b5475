-- The snapshot that the _current views show, for tables without partitions.
select current_snapshot.as_of from {space}.current_snapshot
