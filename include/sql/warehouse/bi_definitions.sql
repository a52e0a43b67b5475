-- Views and functions of a space: schema, name, how a drop would name each, and a digest of its definition.
select
  nspname,
  relname,
  format('view %%I.%%I', nspname, relname),
  md5(concat_ws(' ', pg_get_viewdef(class.oid), class.reloptions::text))
from pg_class as class
join pg_namespace as spaces on spaces.oid = class.relnamespace
where nspname = any (%(schemas)s) and class.relkind = 'v'
union all
select nspname, proname, format('function %%s', routine.oid::regprocedure), md5(pg_get_functiondef(routine.oid))
from pg_proc as routine
join pg_namespace as spaces on spaces.oid = routine.pronamespace
where nspname = any (%(schemas)s) and routine.prokind = 'f';
