-- The items that are most telling of each segment of an algorithm.
select cluster_id, feature, item, customers, share, everyone_share, lift, low, high
from {bi}.cluster_items
where as_of = %(as_of)s and algorithm = %(algorithm)s and cluster_id = any (%(clusters)s) and position <= %(most)s
order by cluster_id, feature, position;
