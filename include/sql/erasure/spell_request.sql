-- Give a request another spelling of its key under which the customer is known, if there is one.
update erasure_requests as request
set customer_id = known.customer_id
from (select customer_id::text from customer_versions union select customer_id from rejected_rows) as known
where request.number = %(request)s
  and lower(known.customer_id collate "default") = lower(request.customer_id::text collate "default")
  and known.customer_id <> request.customer_id::text
  and known.customer_id = (
    select min(other.customer_id collate "C")
    from (select customer_id::text from customer_versions union select customer_id from rejected_rows) as other
    where lower(other.customer_id collate "default") = lower(request.customer_id::text collate "default")
  );
