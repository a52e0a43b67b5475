-- The keys of rows that have just arrived, each also in lower case.
select customer_id::text, lower(customer_id::text collate "default") from {landing} where customer_id is not null;
