-- A request, with the id as long as it is not done.
select number, status, customer_id::text, coalesce(receipt, '{{}}') from erasure_requests where number = %(request)s;
