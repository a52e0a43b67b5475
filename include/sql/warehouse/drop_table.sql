-- Drop a table that is no longer needed.
drop table if exists {table};
