-- The snapshots, oldest first, with rows in and out and seconds per stage.
select * from {bi}.snapshots order by as_of
