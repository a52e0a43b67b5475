-- The schema that holds pgvector's types and operators.
select nspname::text
from pg_extension
join pg_namespace on pg_namespace.oid = extnamespace
where extname = 'vector';
