-- Whether this session's login may end sessions of a given user, in whichever database of the same running server.
select exists (
  select from pg_roles
  where rolname = %(user_name)s
    and pg_postmaster_start_time() = %(server_start)s
    and (pg_has_role(session_user, oid, 'member') or pg_has_role(session_user, 'pg_signal_backend', 'member'))
);
