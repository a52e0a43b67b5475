-- The public columns of some customers of the current snapshot.
select customer_id::text as customer_id, to_jsonb(found) - array['as_of', 'customer_id'] as columns
from {bi}.customers as found
where customer_id = any (%(customers)s::{key_type}[]);
