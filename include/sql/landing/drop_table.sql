-- Remove a table of raw rows that is not needed any more.
drop table if exists {table};
