-- Who else has made functions in pgvector's schema, which statements of a space search: their number, and
-- whether the owner is a reader. Those of superusers, of extensions and of this login are trusted.
select
  quote_ident(nspname) as schema,
  quote_ident(rolname) as owner,
  count(*) as functions,
  exists (select from pg_roles as reader where reader.rolname = 'bi_reader' and pg_has_role(pg_roles.oid, reader.oid, 'member')) as is_reader
from pg_proc
join pg_extension on extname = 'vector' and extnamespace = pronamespace
join pg_namespace on pg_namespace.oid = pronamespace
join pg_roles on pg_roles.oid = proowner
where not rolsuper
  and not pg_has_role(pg_roles.oid, (select oid from pg_roles where rolname = current_user), 'member')
  and not exists (select from pg_depend where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e')
group by nspname, rolname, pg_roles.oid
order by owner;
