-- pgvector: the version installed in this database, the version the server offers, whether this login
-- may install it, and its schema if it is installed but this login may not use that schema.
select
  (select extversion from pg_extension where extname = 'vector') as installed,
  (select default_version from pg_available_extensions where name = 'vector') as available,
  (
    select rolsuper or (not known.superuser or known.trusted)
    from pg_roles
    left join pg_available_extensions as offered on offered.name = 'vector'
    left join pg_available_extension_versions as known
      on known.name = offered.name and known.version = offered.default_version
    where rolname = current_user
  ) as may_install,
  (
    select quote_ident(extnamespace::regnamespace::text)
    from pg_extension
    where extname = 'vector' and not has_schema_privilege(current_user, extnamespace, 'usage')
  ) as closed_schema,
  quote_ident(current_user) as user_name,
  quote_ident(current_database()) as database_name;
