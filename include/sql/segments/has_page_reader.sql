-- Whether a superuser has installed the page reader for this login, and pages have 8 kB.
select
  current_setting('block_size') = '8192'
  and exists (
    select
    from pg_proc
    join pg_namespace on pg_namespace.oid = pronamespace
    join pg_roles on pg_roles.oid = proowner
    where nspname = %(schema)s
      and proname = 'read_index_page'
      and pg_get_function_identity_arguments(pg_proc.oid) = 'index_name text, block_number bigint'
      and rolsuper
      and has_function_privilege(pg_proc.oid, 'execute')
  );
