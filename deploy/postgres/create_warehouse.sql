-- The warehouse, its owner and its readers on the warehouse server.
-- The PostgreSQL image runs this once, when the data volume is empty.
-- Input: WAREHOUSE_PASSWORD from the environment.
\getenv password WAREHOUSE_PASSWORD

create role kindred login password :'password';
create role bi_reader nologin;
create database warehouse owner kindred;
revoke connect, temporary on database warehouse from public;
grant connect on database warehouse to bi_reader;

-- pgvector is not a trusted extension: the owner could not create it, so the superuser does.
\connect warehouse
create extension vector;

-- From here on the superuser can log in from inside the container only.
alter role postgres password null;
