-- PL/Python: an untrusted language, so only a superuser may create it, and functions in it. Whoever may
-- create functions in it can do on the server all that its system user can.
create extension if not exists plpython3u;
