-- How many customers the map of a snapshot has, and between which coordinates.
select count(*), min(x), max(x), min(y), max(y)
from {bi}.customer_map
where as_of = %(as_of)s;
