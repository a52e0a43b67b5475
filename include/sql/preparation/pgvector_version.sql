-- pgvector: the version installed in this database, and its schema if this login may not use that.
select
  (select extversion from pg_extension where extname = 'vector') as installed,
  (
    select quote_ident(extnamespace::regnamespace::text)
    from pg_extension
    where extname = 'vector' and not has_schema_privilege(current_user, extnamespace, 'usage')
  ) as closed_schema,
  quote_ident(current_user) as user_name,
  quote_ident(current_database()) as database_name;
