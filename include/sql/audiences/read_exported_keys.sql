-- The keys of the customers that are about to be exported.
select customer_id from {landing};
