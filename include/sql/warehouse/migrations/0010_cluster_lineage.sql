-- What became of each cluster from one snapshot to the next.
-- shared is the number of customers that the cluster and its reference have in common.
create table cluster_lineage (
  as_of timestamptz not null,
  algorithm text not null,
  cluster_id integer not null,
  reference_as_of timestamptz,
  event text not null check (event in ('born', 'kept', 'died')),
  size bigint not null,
  shared bigint not null,
  primary key (as_of, algorithm, cluster_id)
);
