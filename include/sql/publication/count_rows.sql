-- The rows of a table that is filled aside.
select count(*) from {table};
