-- Customers in key order, with the given expressions over their raw values.
select {expressions}
from ({customers}) as customers
order by customer_id;
