-- How good the segments of each algorithm are in some published snapshots, the newest first.
select
  as_of, algorithm, customers, clusters, noise_share, largest_share, smallest_share, silhouette, silhouette_sample,
  stability, stability_customers, previous_as_of
from {bi}.cluster_quality
where state = 'published' and as_of = any (%(as_ofs)s)
order by as_of desc, algorithm;
