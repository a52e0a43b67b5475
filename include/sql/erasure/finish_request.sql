-- The customer is gone, and so is the id.
update erasure_requests
set status = 'done', customer_id = null, failure = null, receipt = %(receipt)s, finished_at = now()
where number = %(request)s;
