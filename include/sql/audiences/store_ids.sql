-- Store the ids that have arrived; one that is too long for a key is nobody's.
insert into audience_ids (as_of, audience, role, customer_id)
select distinct %(as_of)s::timestamptz, %(audience)s, %(role)s, customer_id
from {landing}
where octet_length(customer_id::text) <= %(most_bytes)s;
