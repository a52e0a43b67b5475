-- Let one task at a time finish a table that was filled aside.
lock table {table} in share update exclusive mode;
