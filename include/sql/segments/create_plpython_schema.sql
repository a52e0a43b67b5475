-- The schema of the PL/Python functions: one per database, for all spaces.
create schema if not exists plpython_kindred;
