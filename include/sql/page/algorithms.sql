-- The algorithms that have found segments in a published snapshot, but for hidden ones. First, as in the report, the one
-- that suits a map: few segments that most customers are in, well apart.
select algorithm
from (
  select
    algorithm,
    first_value(algorithm) over (
      order by
        clusters between 2 and %(most)s desc, noise_share, coalesce(nullif(silhouette, 0), -1) desc, algorithm desc
    ) as main
  from {bi}.cluster_quality
  where state = 'published' and as_of = %(as_of)s and algorithm <> all (%(hidden)s)
) as shown
order by algorithm <> main, algorithm;
