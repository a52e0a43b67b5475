-- Customers among the rows that were found missing.
select count(distinct customer_id) from {found};
