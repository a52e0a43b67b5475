-- The key of a request in lower case.
select lower(customer_id::text collate "default") from erasure_requests where number = %(request)s;
