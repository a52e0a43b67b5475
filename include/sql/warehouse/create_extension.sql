-- Install pgvector in a schema of its own, where nobody else can create anything. It is no trusted extension,
-- so this mostly requires a superuser.
create schema if not exists vector;
grant usage on schema vector to public;
create extension if not exists vector schema vector;
