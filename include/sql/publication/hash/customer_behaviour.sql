-- customer_behaviour in a fixed order, for its hash.
select as_of, customer_id, numbers
from customer_behaviour
where as_of in (select as_of from snapshots where status = 'published')
order by as_of, customer_id
