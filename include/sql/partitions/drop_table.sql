-- Remove a table that was filled aside, or a partition that has been detached.
drop table if exists {table};
