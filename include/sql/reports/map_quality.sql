-- How faithful the map of a snapshot is.
select trustworthiness, neighbours, landmarks
from {bi}.map_quality
where as_of = %(as_of)s;
