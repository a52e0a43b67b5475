-- Delete a customer from a table.
delete from {table}
where {column} = (select customer_id from erasure_requests where number = %(request)s);
