-- The public columns of some customers of the current snapshot, in the order of the view; as text, which
-- has all digits of a numeric.
select customer_id::text as customer_id, to_json(found)::text as columns
from {bi}.customers as found
where customer_id = any (%(customers)s::{key_type}[]);
