-- How many customers there are.
select count(*) from ({customers}) as customers;
