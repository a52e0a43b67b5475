-- Tables and views whose name differs in case only, or that are in another schema, as a spec names them.
select string_agg(
  case when relname ~ '[."]' or nspname ~ '[."]' then format('"%%s"."%%s"', replace(nspname, '"', '""'), replace(relname, '"', '""')) else nspname || '.' || relname end,
  ' or ' order by nspname, relname
)
from pg_class
join pg_namespace on pg_namespace.oid = relnamespace
where lower(relname) = lower(%(name)s) and relkind in ('r', 'v', 'm', 'p', 'f') and nspname not like 'pg\_temp\_%%';
