-- Customers whose embedding is new or changes when the staged difference is applied.
select customer_id from {table} where embedding is not null;
