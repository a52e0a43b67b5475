-- What this login may do: create schemas here, create roles, and own or create in the space's schema.
select
  has_database_privilege(current_database(), 'create'),
  (select rolcreaterole or rolsuper from pg_roles where rolname = current_user),
  exists (select from pg_roles where rolname = 'bi_reader'),
  (
    select pg_has_role(current_user, nspowner, 'usage')
    from pg_namespace where nspname = %(schema)s
  ),
  (
    select pg_has_role(current_user, nspowner, 'usage')
    from pg_namespace where nspname = %(bi_schema)s
  ),
  current_user;
