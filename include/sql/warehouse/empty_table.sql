-- Delete all rows of a table that is being filled aside.
truncate {table};
