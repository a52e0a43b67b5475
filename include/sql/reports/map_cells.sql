-- The customers in each cell of a grid over the map of a snapshot, by segment: null for those of others than the given
-- ones, or in none. Rows and columns count from 1; the first row is the lowest.
select
  least(width_bucket(placed.x, %(left)s, %(right)s, %(columns)s), %(columns)s) as column,
  least(width_bucket(placed.y, %(bottom)s, %(top)s, %(rows)s), %(rows)s) as row,
  segments.cluster_id,
  count(*) as customers
from {bi}.customer_map as placed
left join (
  select found.customer_id, found.cluster_id
  from {bi}.clusters as found
  where found.as_of = %(as_of)s and found.algorithm = %(algorithm)s and found.cluster_id = any (%(clusters)s)
) as segments using (customer_id)
where placed.as_of = %(as_of)s
group by 1, 2, 3
order by 1, 2, 3;
