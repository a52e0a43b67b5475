-- Schemas in which others than this login may create functions that statements of this login could call: for
-- each, its role in Kindred, and PUBLIC or the readers who may. Names are quoted. Superusers, and roles that
-- can act as this login, have its rights anyway.
with used (oid, holds) as (
  select oid, 'tables and functions of this space' from pg_namespace where nspname in (%(schema)s, %(bi_schema)s)
  union all
  select oid, 'the functions in PL/Python' from pg_namespace where nspname = 'plpython_kindred'
  union all
  select extnamespace, 'extension ' || string_agg(extname, ' and ' order by extname)
  from pg_extension where extname in ('vector', 'pageinspect') group by extnamespace
)
select quote_ident(nspname) as schema, used.holds, found.grantee
from used
join pg_namespace on pg_namespace.oid = used.oid
cross join lateral (
  select 'public' as grantee where has_schema_privilege('public', used.oid, 'create')
  union all
  select quote_ident(rolname)
  from pg_roles
  where has_schema_privilege(rolname, used.oid, 'create')
    and not has_schema_privilege('public', used.oid, 'create')
    and not rolsuper
    and not pg_has_role(pg_roles.oid, (select oid from pg_roles where rolname = current_user), 'member')
    and exists (select from pg_roles as reader where reader.rolname = 'bi_reader' and pg_has_role(pg_roles.oid, reader.oid, 'member'))
) as found
order by schema, found.grantee;
