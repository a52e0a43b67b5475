-- A table like the parent, without indexes: they come after the load.
create table {table} (like {parent} including defaults);
