-- Empty a table that is being filled.
delete from {table};
