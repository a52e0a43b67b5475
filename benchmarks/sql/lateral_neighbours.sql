-- The neighbours of some customers by one LATERAL query, as a person would write it.
select sample.customer_id, near.customer_id, near.distance
from vectors sample
cross join lateral (
  select other.customer_id, other.embedding <-> sample.embedding as distance
  from vectors other
  order by other.embedding <-> sample.embedding
  limit %(width)s
) near
where sample.customer_id = any (%(customers)s)
