-- Remove a table that a finished run has left.
drop table if exists {table};
