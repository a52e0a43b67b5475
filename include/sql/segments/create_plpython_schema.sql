-- Where the functions in PL/Python live: one set a database, for all its spaces.
create schema if not exists plpython_kindred;
