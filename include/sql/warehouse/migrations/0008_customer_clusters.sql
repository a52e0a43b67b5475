-- Every customer's segment by every algorithm, one partition a snapshot.
create table customer_clusters (
  as_of timestamptz not null,
  algorithm text not null,
  customer_id customer_key not null,
  label integer not null,
  cluster_id integer not null,
  membership real not null,
  nearest_label integer not null,
  nearest_cluster_id integer not null,
  method text not null,
  primary key (as_of, algorithm, customer_id)
) partition by list (as_of);

create index on customer_clusters (as_of, algorithm, cluster_id);
