-- Who this session is, in which database of which running server.
select
  current_user::text as user_name,
  current_database()::text as database_name,
  pg_postmaster_start_time() as server_start;
