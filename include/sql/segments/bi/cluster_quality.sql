-- Quality of the segments of each algorithm: for every published snapshot, and for builds that failed or
-- are running, which keep it in their facts.
create or replace view {bi}.cluster_quality with (security_barrier) as
select
  found.as_of,
  found.state,
  found.algorithm,
  found.customers,
  found.clusters,
  found.noise_share,
  found.largest_share,
  found.smallest_share,
  found.silhouette,
  found.silhouette_sample,
  found.stability,
  found.stability_customers,
  found.previous_as_of
from (
  select
    quality.as_of, 'published' as state, algorithm, quality.customers, clusters, noise_share, largest_share, smallest_share,
    silhouette, silhouette_sample, stability, stability_customers, previous_as_of
  from {space}.cluster_quality as quality
  join {space}.snapshots on snapshots.as_of = quality.as_of and snapshots.status = 'published'
  union all
  select
    builds.as_of, builds.state, built.algorithm, built.customers, built.clusters, built.noise_share, built.largest_share,
    built.smallest_share, built.silhouette, built.silhouette_sample, built.stability, built.stability_customers,
    built.previous_as_of
  from {space}.snapshot_builds as builds
  cross join lateral jsonb_to_recordset(builds.facts -> 'cluster_quality') as built (
    algorithm text, customers bigint, clusters integer, noise_share double precision, largest_share double precision,
    smallest_share double precision, silhouette real, silhouette_sample integer, stability real, stability_customers bigint,
    previous_as_of timestamptz
  )
  where builds.state in ('building', 'failed')
) as found;

comment on view {bi}.cluster_quality is 'One row per algorithm of a snapshot; also for builds that failed before publish.';
comment on column {bi}.cluster_quality.as_of is 'The snapshot.';
comment on column {bi}.cluster_quality.state is 'published; or building or failed, for a build that is not (yet) published.';
comment on column {bi}.cluster_quality.algorithm is 'How the segments were found.';
comment on column {bi}.cluster_quality.customers is 'Customers in the snapshot.';
comment on column {bi}.cluster_quality.clusters is 'Segments found, without noise.';
comment on column {bi}.cluster_quality.noise_share is 'Share of the customers that are in no segment (0 to 1).';
comment on column {bi}.cluster_quality.largest_share is 'Share of the customers that are in the largest segment.';
comment on column {bi}.cluster_quality.smallest_share is 'Share of the customers that are in the smallest segment.';
comment on column {bi}.cluster_quality.silhouette is 'Mean silhouette of a sample of customers in segments: 1 well apart, 0 between two, below 0 misplaced; null for fewer than two segments.';
comment on column {bi}.cluster_quality.silhouette_sample is 'Customers in that sample.';
comment on column {bi}.cluster_quality.stability is 'Adjusted Rand index with the published snapshot before: 1 the same segments, 0 what chance gives; null for the first.';
comment on column {bi}.cluster_quality.stability_customers is 'Customers that both snapshots have.';
comment on column {bi}.cluster_quality.previous_as_of is 'The published snapshot before.';
