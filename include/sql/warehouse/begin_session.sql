-- Before all other statements, lift the limits that could end them or the session. Returns the process of the
-- server that runs this session's statements, and the server's own port.
select
  pg_catalog.pg_backend_pid(),
  pg_catalog.current_setting('port'),
  pg_catalog.set_config('statement_timeout', '0', false),
  pg_catalog.set_config('idle_session_timeout', '0', false);
