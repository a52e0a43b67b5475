-- PL/Python is an untrusted language: only a superuser may create it, or functions in it. Whoever may
-- create functions in it can do anything on the server that the server's system user can.
create extension if not exists plpython3u;
