-- Delete rows that have just arrived, by key.
delete from {landing} as landed using {keys} as erased where landed.customer_id = erased.customer_id;
