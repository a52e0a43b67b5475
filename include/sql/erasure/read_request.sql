-- A request, with the customer's id until it is done.
select number, status, customer_id::text, coalesce(receipt, '{{}}') from erasure_requests where number = %(request)s;
