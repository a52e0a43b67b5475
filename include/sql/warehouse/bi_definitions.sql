-- Views and functions of a space: schema, name, how a drop would name each, and a digest by which a definition
-- that somebody has changed is told. To write a view out as SQL takes thirty times as long as to say which
-- transaction has last written its rule; its columns can be renamed and its options set without writing that.
select
  nspname,
  relname,
  format('view %%I.%%I', nspname, relname),
  md5(concat_ws(
    ' ',
    rule.oid,
    rule.xmin,
    class.reloptions::text,
    (
      select string_agg(quote_ident(attname), ' ' order by attnum)
      from pg_attribute
      where attrelid = class.oid and attnum > 0
    )
  ))
from pg_class as class
join pg_namespace as spaces on spaces.oid = class.relnamespace
join pg_rewrite as rule on rule.ev_class = class.oid and rule.rulename = '_RETURN'
where nspname = any (%(schemas)s) and class.relkind = 'v'
union all
select nspname, proname, format('function %%s', routine.oid::regprocedure), md5(pg_get_functiondef(routine.oid))
from pg_proc as routine
join pg_namespace as spaces on spaces.oid = routine.pronamespace
where nspname = any (%(schemas)s) and routine.prokind = 'f';
