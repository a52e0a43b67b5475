-- Publish the quality of the clusters, as the build measured it.
insert into cluster_quality
  (as_of, algorithm, customers, clusters, noise_share, largest_share, smallest_share, silhouette, silhouette_sample, stability,
   stability_customers, previous_as_of)
select
  builds.as_of, found.algorithm, found.customers, found.clusters, found.noise_share, found.largest_share, found.smallest_share,
  found.silhouette, found.silhouette_sample, found.stability, found.stability_customers, found.previous_as_of
from snapshot_builds as builds
cross join lateral jsonb_to_recordset(builds.facts -> 'cluster_quality') as found (
  algorithm text, customers bigint, clusters integer, noise_share double precision, largest_share double precision,
  smallest_share double precision, silhouette real, silhouette_sample integer, stability real, stability_customers bigint,
  previous_as_of timestamptz
)
where builds.as_of = %(as_of)s;
