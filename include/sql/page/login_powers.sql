-- Whether this login reaches more than the readers of bi: as a superuser, by reading everything, or in the schema behind bi.
select
  exists (
    select from pg_roles
    where rolname = current_user and (rolsuper or rolcreaterole or rolbypassrls)
  )
  or exists (
    select from pg_roles
    where rolname in ('pg_read_all_data', 'pg_read_server_files', 'pg_execute_server_program')
      and pg_has_role(current_user, oid, 'member')
  )
  or exists (
    select from pg_namespace
    where nspname = %(schema)s
      and (has_schema_privilege(oid, 'usage') or pg_has_role(current_user, nspowner, 'member'))
  );
