-- pgvector, where it is not there yet (a trusted extension: the database's owner may create it).
create extension if not exists vector;
