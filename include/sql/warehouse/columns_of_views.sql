-- Columns of the views of a schema in their order: view, column, name of its type, comment.
select relname, attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum)
from pg_attribute
join pg_class on pg_class.oid = attrelid
join pg_namespace on pg_namespace.oid = relnamespace
where nspname = %(schema)s and relkind = 'v' and attnum > 0 and not attisdropped
order by relname, attnum;
