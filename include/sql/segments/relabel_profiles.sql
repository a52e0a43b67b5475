-- Give the clusters of a published snapshot other ids and names, which stand in the order of labels.
update cluster_profiles
set
  cluster_id = (%(cluster_ids)s::integer[])[label + 1],
  name = (%(names)s::text[])[label + 1]
where as_of = %(as_of)s and algorithm = %(algorithm)s;
