-- The customers for whom a condition is true, or is not known, in their order.
select version.customer_id
from ({customers}) as version
where ({condition}) is {outcome}
order by version.customer_id
