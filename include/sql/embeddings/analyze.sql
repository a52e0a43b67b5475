-- Statistics of a generation, after the load.
analyze {table};
