-- Whether a space has a ledger of migrations that this login may read.
select coalesce(bool_or(has_schema_privilege(spaces.oid, 'usage') and has_table_privilege(class.oid, 'select')), false)
from pg_class as class
join pg_namespace as spaces on spaces.oid = class.relnamespace
where nspname = %(schema)s and relname = 'applied_migrations';
