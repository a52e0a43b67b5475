-- Delete an audience's rows from a table that is being filled aside.
delete from {table} where audience = %(audience)s;
