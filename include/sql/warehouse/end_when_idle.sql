-- Let the server end this session once it has waited so long for its client.
select pg_catalog.set_config('idle_session_timeout', %(milliseconds)s::text, false);
