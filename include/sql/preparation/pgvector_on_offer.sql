-- pgvector: the version the server offers, and whether this login may install it. The server reads the files of all
-- its extensions for that.
select
  (select default_version from pg_available_extensions where name = 'vector') as available,
  (
    select rolsuper or (not known.superuser or known.trusted)
    from pg_roles
    left join pg_available_extensions as offered on offered.name = 'vector'
    left join pg_available_extension_versions as known
      on known.name = offered.name and known.version = offered.default_version
    where rolname = current_user
  ) as may_install;
