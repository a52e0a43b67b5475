-- The type of the customers' keys: bigint, uuid or text.
select format_type(atttypid, null)
from pg_attribute
where attrelid = to_regclass(format('%%I.lookalikes', %(schema)s)) and attname = 'customer_id';
