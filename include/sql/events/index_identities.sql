-- By which an event that comes again at another time is found.
create index if not exists {index} on {table} (identity);
