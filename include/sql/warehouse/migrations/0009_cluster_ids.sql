-- Every cluster id that was ever given out; ids are never used again.
-- (born_as_of, birth_order) makes a task that runs twice find the ids of its first try.
create table cluster_ids (
  algorithm text not null,
  cluster_id integer not null,
  born_as_of timestamptz not null,
  birth_order integer not null,
  primary key (algorithm, cluster_id),
  unique (algorithm, born_as_of, birth_order)
);
