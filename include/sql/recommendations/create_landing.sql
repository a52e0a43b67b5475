-- The catalogue as a run has read it.
create unlogged table {table} (item text, name text, is_available boolean not null);
