-- A cluster loses its medoid if that customer is erased.
update cluster_profiles
set medoid_id = null
where medoid_id = (select requests.customer_id from erasure_requests as requests where number = %(request)s);
