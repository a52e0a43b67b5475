-- Whether this session is in a given database, and its login may act as a given user there.
select exists (
  select from pg_roles
  where rolname = %(user_name)s
    and pg_has_role(session_user, oid, 'member')
    and current_database() = %(database_name)s
    and pg_postmaster_start_time() = %(server_start)s
);
