-- Add the second index of a filled table.
create index on {table} ({second_key});
