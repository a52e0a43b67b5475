-- What this login may do here; owns_* is null if the schema does not exist. Names are quoted, so that
-- they can be used in suggested statements.
select
  quote_ident(current_user) as user_name,
  quote_ident(current_database()) as database_name,
  has_database_privilege(current_database(), 'create') as may_create,
  has_database_privilege(current_database(), 'temporary') as may_use_temporary,
  has_database_privilege('public', current_database(), 'temporary') as public_may_use_temporary,
  (select rolcreaterole or rolsuper from pg_roles where rolname = current_user) as may_create_roles,
  exists (select from pg_roles where rolname = 'bi_reader') as has_reader,
  (
    select pg_has_role(current_user, nspowner, 'usage')
    from pg_namespace where nspname = %(schema)s
  ) as owns_schema,
  (
    select pg_has_role(current_user, nspowner, 'usage')
    from pg_namespace where nspname = %(bi_schema)s
  ) as owns_bi_schema;
