-- How the customers of a generation fell into lists; no row where it was not noted.
select list_centres, list_sizes
from index_builds
where generation = %(generation)s and list_sizes is not null;
