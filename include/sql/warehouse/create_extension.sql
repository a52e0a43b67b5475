-- Install pgvector if it is missing; it is not a trusted extension, so this requires a superuser.
create extension if not exists vector;
