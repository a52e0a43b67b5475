-- The base type of the domain customer_key of a schema, if it exists.
select format_type(typbasetype, null)
from pg_type
where typname = 'customer_key' and typnamespace = to_regnamespace(quote_ident(%(schema)s))::oid;
