-- The catalogue as a run has read it.
-- Not unlogged: a server crash empties unlogged tables, and the catalogue would not land.
create table {table} (item text, name text, is_available boolean not null);
