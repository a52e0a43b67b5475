-- The algorithms of a published snapshot, with what says how well their segments suit a map.
select algorithm, clusters, noise_share, silhouette
from {bi}.cluster_quality
where state = 'published' and as_of = %(as_of)s
order by algorithm;
