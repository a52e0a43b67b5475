-- pgvector, where it is not there yet; it is no trusted extension, so this takes a superuser.
create extension if not exists vector;
