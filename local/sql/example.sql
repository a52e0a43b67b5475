-- The customer of the report's examples: the one with the smallest id.
select lookalikes.as_of, lookalikes.customer_id
from {bi}.lookalikes_current as lookalikes
{whose}
order by lookalikes.customer_id
limit 1
