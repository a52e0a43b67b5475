-- Collect statistics of a table, after the load.
analyze {table};
