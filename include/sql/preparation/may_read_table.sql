-- Whether a space has a table, and this login may read it.
select coalesce(bool_or(has_schema_privilege(spaces.oid, 'usage') and has_table_privilege(class.oid, 'select')), false)
from pg_class as class
join pg_namespace as spaces on spaces.oid = class.relnamespace
where nspname = %(schema)s and relname = %(table)s;
