-- Known customers whose keys end in a blank.
select count(distinct customer_id) from customer_versions where customer_id::text like '%% ';
