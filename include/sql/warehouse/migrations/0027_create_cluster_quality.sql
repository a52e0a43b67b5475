-- How good the clusters of each algorithm of a published snapshot are.
-- silhouette is of a sample; stability is the adjusted Rand index with the published snapshot before,
-- over the customers in common.
create table cluster_quality (
  as_of timestamptz not null,
  algorithm text not null,
  customers bigint not null,
  clusters integer not null,
  noise_share double precision not null,
  largest_share double precision not null,
  smallest_share double precision not null,
  silhouette real,
  silhouette_sample integer not null,
  stability real,
  stability_customers bigint not null,
  previous_as_of timestamptz,
  primary key (as_of, algorithm)
);
