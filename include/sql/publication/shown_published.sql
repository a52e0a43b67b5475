-- The snapshots that the views over all snapshots show.
select snapshots.as_of from {space}.snapshots where snapshots.status = 'published' and {is_shown}
