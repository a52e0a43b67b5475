-- Give the profiles of a published snapshot new ids and names, passed in the order of the labels.
update cluster_profiles
set
  cluster_id = (%(cluster_ids)s::integer[])[label + 1],
  name = (%(names)s::text[])[label + 1]
where as_of = %(as_of)s and algorithm = %(algorithm)s;
