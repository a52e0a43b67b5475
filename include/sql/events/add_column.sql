-- Store a further column of events.
alter table {table} add column {column} {type_name};
