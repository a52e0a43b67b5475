-- The neighbours of some customers as the index finds them, with themselves among them.
select position::integer, near.customer_id::text, near.distance
from unnest(%(customers)s::{key_type}[]) with ordinality as sample (customer_id, position)
join {table} as self on self.customer_id = sample.customer_id
cross join lateral (
  select candidate.customer_id, candidate.embedding {operator} self.embedding as distance
  from {table} as candidate
  order by candidate.embedding {operator} self.embedding
  limit %(k)s
) as near
order by position, near.distance;
