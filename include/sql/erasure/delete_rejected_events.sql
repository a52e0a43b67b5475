-- Delete the rejected events of a customer.
delete from rejected_events
where customer_id = (
  select requests.customer_id::text collate "C" from erasure_requests as requests where number = %(request)s
);
