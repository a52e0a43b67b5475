-- How the distances of the lookalikes of a snapshot fall.
select rank, percentile, distance, similarity
from {bi}.lookalike_distances
where as_of = %(as_of)s
order by rank, percentile;
