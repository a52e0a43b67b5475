-- What reports show of all lists of a snapshot, counted once when it is made.
alter table snapshots
  add column lookalike_distances jsonb,
  add column recommendation_methods jsonb;

comment on column snapshots.lookalike_distances is 'A list: rank, percentile, distance; of the lists that readers see, by the public columns where features are hidden. Null for fewer than 20 customers, and of earlier releases.';
comment on column snapshots.recommendation_methods is 'A list: method (a number), listed, customers. Null without recommendations, and of earlier releases.';
