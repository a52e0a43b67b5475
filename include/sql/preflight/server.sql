-- Version of the server, of pgvector where it is installed, and of the one it could install.
select
  current_setting('server_version_num')::integer,
  (select extversion from pg_extension where extname = 'vector'),
  (select default_version from pg_available_extensions where name = 'vector');
