-- Remove a table that was filled aside, a partition that has been detached, or what a run has left.
drop table if exists {table};
