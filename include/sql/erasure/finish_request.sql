-- Close the request and delete the customer's id from it.
update erasure_requests
set status = 'done', customer_id = null, failure = null, receipt = %(receipt)s, finished_at = now()
where number = %(request)s;
