-- The list sizes of a generation's customers; no row if they were not recorded.
select list_centres, list_sizes
from index_builds
where generation = %(generation)s and list_sizes is not null;
