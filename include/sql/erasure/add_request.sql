-- Record that a customer is to be erased; returns the request's number.
insert into erasure_requests (customer_id) select customer_id from incoming_request returning number;
