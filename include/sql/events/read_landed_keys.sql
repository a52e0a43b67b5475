-- The keys of the customers of events that have just arrived.
select distinct customer_id from {landing} where customer_id is not null;
