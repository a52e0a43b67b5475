-- The algorithms that have found segments in a published snapshot.
select distinct algorithm
from {bi}.cluster_quality
where state = 'published' and as_of = %(as_of)s
order by algorithm;
