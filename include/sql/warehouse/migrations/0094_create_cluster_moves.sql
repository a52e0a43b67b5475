-- Who moved from which segment to which one since the snapshot before, counted once. Rows hold as long as both snapshots
-- are those that were counted; otherwise readers' views count the customers themselves, until clean_up has done so.
create table cluster_moves (
  to_as_of timestamptz not null,
  algorithm text not null,
  from_as_of timestamptz not null,
  to_published_at timestamptz not null,
  from_published_at timestamptz not null,
  from_label integer,
  to_label integer,
  customers bigint not null
);
create index on cluster_moves (to_as_of, algorithm);
comment on column cluster_moves.to_published_at is 'As in snapshots, when they were counted: another one if the snapshot was published again.';
comment on column cluster_moves.from_published_at is 'The same of the snapshot before.';
comment on column cluster_moves.from_label is 'As in customer_clusters, of the snapshot before; null for customers who are new.';
comment on column cluster_moves.to_label is 'As in customer_clusters; null for customers who have gone.';
