-- Schema and name of a table or view, given its name as in SQL; as it is found, where that names no schema.
select nspname, relname
from pg_class
join pg_namespace on pg_namespace.oid = relnamespace
where pg_class.oid = to_regclass(%(relation)s);
