-- The names of some segments in some snapshots, the newest first.
select cluster_id, name
from {bi}.cluster_summary
where as_of = any (%(as_ofs)s) and algorithm = %(algorithm)s and cluster_id = any (%(clusters)s)
order by as_of desc, cluster_id;
