-- The query that bi.similar_customers runs on a generation, to measure its time.
select near.customer_id, near.embedding {operator} self.embedding as distance
from (select embedding from {table} where customer_id = (%(customer)s)::{key_type}) as self
cross join lateral (
  select customer_id, embedding from {table} as candidate
  order by {candidate_vector} {operator} {own_vector}
  limit %(k)s + 1
) as near;
