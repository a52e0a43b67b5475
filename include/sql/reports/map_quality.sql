-- How faithful the map of a snapshot is.
select trustworthiness, neighbours
from {bi}.map_quality
where as_of = %(as_of)s;
