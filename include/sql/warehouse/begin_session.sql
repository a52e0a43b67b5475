-- Before all other statements, lift the limits that could end them or the session. The server gives up a client that
-- does not answer, since its machine or its network has gone, after 90 to 120 seconds: with what it has locked, and later
-- than the client gives up the server (DEFAULTS of warehouse/database.py). By itself it would take two hours. Returns the
-- process of the server that runs this session's statements, and the server's own port.
select
  pg_catalog.pg_backend_pid(),
  pg_catalog.current_setting('port'),
  pg_catalog.set_config('statement_timeout', '0', false),
  pg_catalog.set_config('idle_session_timeout', '0', false),
  pg_catalog.set_config('tcp_keepalives_idle', '30', false),
  pg_catalog.set_config('tcp_keepalives_interval', '10', false),
  pg_catalog.set_config('tcp_keepalives_count', '9', false);
