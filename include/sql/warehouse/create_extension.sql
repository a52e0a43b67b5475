-- Install pgvector where nobody else can create anything: in public if that is closed, as it is since
-- PostgreSQL 15, else in a schema of its own. It is no trusted extension, so this mostly requires a superuser.
do $block$
begin
  if exists (
    select from pg_namespace
    where nspname = 'public' and has_schema_privilege(oid, 'create') and not has_schema_privilege('public', oid, 'create')
  ) then
    create extension if not exists vector schema public;
  else
    create schema if not exists vector;
    grant usage on schema vector to public;
    create extension if not exists vector schema vector;
  end if;
end
$block$;
