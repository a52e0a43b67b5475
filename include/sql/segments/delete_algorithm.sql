-- Take an algorithm's rows out of a table that is being filled aside.
delete from {table} where algorithm = %(algorithm)s;
