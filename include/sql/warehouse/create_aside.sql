-- Create a table like the parent, without indexes: these are built after the load.
create table {table} (like {parent} including defaults);
