-- Delete what an earlier publish of this snapshot wrote.
delete from {table} where as_of = %(as_of)s;
