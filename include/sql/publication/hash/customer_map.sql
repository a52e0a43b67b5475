-- customer_map in a fixed order, for its hash.
select as_of, customer_id, x, y, updated_at
from customer_map
where as_of in (select as_of from snapshots where status = 'published' and mapped is not null)
order by as_of, customer_id
