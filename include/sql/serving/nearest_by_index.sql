-- The k nearest other customers of some customers, as the index finds them.
select position::integer, near.customer_id::text
from unnest(%(customers)s::{key_type}[]) with ordinality as sample (customer_id, position)
join {table} as self on self.customer_id = sample.customer_id
cross join lateral (
  select customer_id
  from {table} as candidate
  where candidate.customer_id <> self.customer_id
  order by {candidate_vector} {operator} {own_vector}
  limit %(k)s
) as near
order by position;
