-- The snapshots of the views that show all of them.
select snapshots.as_of from {space}.snapshots where snapshots.status = 'published'
