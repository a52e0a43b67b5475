-- Rows of a table, and customers in it.
select count(*), count(distinct customer_id) from {table};
