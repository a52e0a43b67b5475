-- customer_recommendations in a fixed order, for its hash.
select as_of, customer_id, rank, item_number, score, bought_by, neighbours, method
from customer_recommendations
where as_of in (select as_of from snapshots where status = 'published' and recommendations is not null)
order by as_of, customer_id, rank
