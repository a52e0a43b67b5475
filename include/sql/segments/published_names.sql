-- The clusters of a published snapshot by one algorithm: ids, names and name terms.
select cluster_id, name, name_terms
from cluster_profiles
where as_of = %(as_of)s and algorithm = %(algorithm)s
order by label;
