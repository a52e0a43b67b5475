-- Remove a table that nobody needs any more.
drop table if exists {table};
