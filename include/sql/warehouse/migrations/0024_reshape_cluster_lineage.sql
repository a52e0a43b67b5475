-- From a row a cluster to a row an event: a cluster can split into several, and several merge.
-- from is the cluster of reference_as_of, to that of as_of.
alter table cluster_lineage drop constraint cluster_lineage_pkey, drop constraint cluster_lineage_event_check;
alter table cluster_lineage rename column cluster_id to to_cluster_id;
alter table cluster_lineage rename column size to to_size;
alter table cluster_lineage
  alter column to_cluster_id drop not null,
  alter column to_size drop not null,
  add column from_cluster_id integer,
  add column from_size bigint;
update cluster_lineage set from_cluster_id = to_cluster_id where event in ('kept', 'died');
update cluster_lineage set from_size = to_size, to_cluster_id = null, to_size = null where event = 'died';
alter table cluster_lineage
  add check (event in ('born', 'kept', 'split', 'merged', 'died')),
  add check ((from_cluster_id is null) = (event = 'born')),
  add check ((to_cluster_id is null) = (event = 'died')),
  add unique nulls not distinct (as_of, algorithm, from_cluster_id, to_cluster_id);
