-- The login that will call the page reader, and the schema that holds pageinspect or will hold it.
select
  current_user::text,
  coalesce(
    (
      select nspname::text
      from pg_extension
      join pg_namespace on pg_namespace.oid = extnamespace
      where extname in ('pageinspect', 'vector')
      order by extname
      limit 1
    ),
    'public'
  );
