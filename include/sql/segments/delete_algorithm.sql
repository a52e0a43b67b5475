-- Delete an algorithm's rows from a staging table.
delete from {table} where algorithm = %(algorithm)s;
