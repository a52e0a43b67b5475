-- Statistics for the joins that follow.
analyze {table};
