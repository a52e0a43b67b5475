-- customer_lookalikes in a fixed order, for its hash.
select as_of, customer_id, rank, lookalike_id, distance
from customer_lookalikes
where as_of in (select as_of from snapshots where status = 'published')
order by as_of, customer_id, rank
