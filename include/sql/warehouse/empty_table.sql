-- Delete all rows of a table.
truncate {table};
