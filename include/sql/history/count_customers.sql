-- The number of customers.
select count(*) from ({customers}) as customers;
