-- How the customers fell into 50 lists when an index was built (centres row by row, and sizes), and
-- what every night found of it: population stability index, and what chance alone may give.
alter table index_builds
  add column list_centres real[],
  add column list_sizes bigint[];
alter table index_checks
  add column list_drift real,
  add column list_drift_noise real;
