-- The keys of rows that have just arrived.
select customer_id from {landing} where customer_id is not null;
