-- What sets the segments of an algorithm apart from everybody, and their outcomes, each of enough customers. Dates are in
-- days since 1970-01-01.
select
  cluster_id, role, column_name, kind, value, customers,
  coalesce(mean, share, mean_date - date '1970-01-01') as estimate,
  low, high,
  coalesce(everyone_mean, everyone_share, everyone_mean_date - date '1970-01-01') as everyone,
  is_different, effect
from {bi}.cluster_profiles
where as_of = %(as_of)s and algorithm = %(algorithm)s and cluster_id = any (%(clusters)s)
  and customers >= %(fewest)s
order by cluster_id, role, position, column_name, value;
