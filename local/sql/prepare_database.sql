-- What an administrator does in a new database: pgvector in a closed schema, which statements find, and no
-- temporary or large objects for others. The reader of the source may read all tables that are there or will be. In a database
-- of an earlier version, the owner takes over what is the superuser's, except what needs one.
create schema if not exists vector;
grant usage on schema vector to public;
create extension if not exists vector schema vector;
do $block$
declare
  command text;
begin
  for command in
    with mine (oid) as (
      select oid from pg_namespace
      where nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'public', 'vector', 'plpython_kindred')
    ),
    of_extensions as (select classid, objid from pg_depend where deptype = 'e')
    select format('alter database %I owner to kindred', current_database())
    union all
    select format('alter database %I set search_path = public, vector', current_database())
    union all
    select format('revoke temporary on database %I from public', current_database())
    union all
    select format('revoke execute on function %s from public', oid::regprocedure)
    from pg_proc
    where pronamespace = 'pg_catalog'::regnamespace
      and proname in ('lo_from_bytea', 'lo_create', 'lo_creat', 'lo_put', 'lowrite', 'lo_truncate', 'lo_truncate64')
    union all
    select format('alter schema %I owner to kindred', nspname)
    from pg_namespace where oid in (select oid from mine) and nspowner = 10
    union all
    select format('alter table %s owner to kindred', class.oid::regclass)
    from pg_class as class
    where relowner = 10 and relkind in ('r', 'p', 'v', 'm', 'S')
      and (relnamespace in (select oid from mine) or relnamespace = 'public'::regnamespace)
      and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = class.oid and deptype in ('a', 'i', 'e'))
    union all
    select format('alter routine %s owner to kindred', routine.oid::regprocedure)
    from pg_proc as routine
    where proowner = 10 and pronamespace in (select oid from mine) and proname <> 'read_index_page'
      and ('pg_proc'::regclass, routine.oid) not in (select * from of_extensions)
    union all
    select format('alter type %s owner to kindred', types.oid::regtype)
    from pg_type as types
    where typowner = 10 and typtype in ('d', 'e') and typnamespace in (select oid from mine)
      and ('pg_type'::regclass, types.oid) not in (select * from of_extensions)
    union all
    select commands.command
    from (
      values
        ('alter default privileges for role kindred grant select on tables to shop_reader'),
        ('alter default privileges for role kindred grant usage on schemas to shop_reader'),
        ('grant select on all tables in schema public to shop_reader')
    ) as commands (command)
    where current_database() = 'shop'
  loop
    execute command;
  end loop;
end
$block$;
