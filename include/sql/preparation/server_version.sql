-- The version number of the server.
select current_setting('server_version_num')::integer;
