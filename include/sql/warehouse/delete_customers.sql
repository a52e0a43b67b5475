-- Delete a range of customers from a table that is being filled aside.
delete from {table}
where customer_id >= (%(first)s)::{key_type} and customer_id <= (%(last)s)::{key_type};
