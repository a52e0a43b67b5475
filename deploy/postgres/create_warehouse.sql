-- Creates the warehouse, its owner, its readers' role and the reader of the page on the warehouse server.
-- The PostgreSQL image runs this once, while the data volume is empty.
-- Input: WAREHOUSE_PASSWORD and WAREHOUSE_PAGE_PASSWORD from the environment.
\getenv password WAREHOUSE_PASSWORD
\getenv page_password WAREHOUSE_PAGE_PASSWORD

create role kindred login password :'password';
create role bi_reader nologin;
create role kindred_page login password :'page_password' in role bi_reader;
create database warehouse owner kindred;
revoke connect, temporary on database warehouse from public;
grant connect on database warehouse to bi_reader;

-- pgvector is not a trusted extension: only a superuser can create it. In a schema of its own nobody can
-- add functions beside it.
\connect warehouse
create schema vector;
grant usage on schema vector to public;
create extension vector schema vector;
alter database warehouse set search_path = public, vector;

-- From here on the superuser can only log in from inside the container.
alter role postgres password null;
