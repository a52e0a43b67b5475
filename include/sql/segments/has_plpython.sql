-- Whether the server and this database have PL/Python, the sources of Kindred's functions in it, and
-- whether this login may call them. Names are quoted, for statements that a person can run.
select
  (select extversion from pg_extension where extname = 'plpython3u') as installed,
  (select default_version from pg_available_extensions where name = 'plpython3u') as available,
  (
    select has_schema_privilege(current_user, oid, 'usage')
    from pg_namespace where nspname = 'plpython_kindred'
  ) as may_use_schema,
  (
    select bool_and(has_function_privilege(current_user, pg_proc.oid, 'execute'))
    from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
    where nspname = 'plpython_kindred' and proname = any (%(functions)s)
  ) as may_execute,
  array(
    select prosrc::text
    from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
    where nspname = 'plpython_kindred' and proname = any (%(functions)s)
    order by proname collate "C"
  ) as sources,
  current_setting('server_version_num')::integer / 10000 as server,
  quote_ident(current_user) as user_name,
  quote_ident(current_database()) as database_name;
