-- The functions that write large objects and that bi_reader may call, as a revoke names them. PostgreSQL opens them
-- to everybody, and a large object is in no schema.
select functions.oid::regprocedure::text
from pg_proc as functions
join pg_roles as reader on reader.rolname = 'bi_reader'
where functions.pronamespace = 'pg_catalog'::regnamespace
  and functions.proname in ('lo_from_bytea', 'lo_create', 'lo_creat', 'lo_put', 'lowrite', 'lo_truncate', 'lo_truncate64')
  and has_function_privilege(reader.oid, functions.oid, 'execute')
order by 1;
