-- Give the clusters of a snapshot new ids, passed in the order of the labels.
-- Locks rows only, so that readers see the old ids until the commit.
update customer_clusters
set
  cluster_id = coalesce((%(ids)s::integer[])[label + 1], -1),
  nearest_cluster_id = coalesce((%(ids)s::integer[])[nearest_label + 1], -1)
where as_of = %(as_of)s
  and algorithm = %(algorithm)s
  and (
    cluster_id <> coalesce((%(ids)s::integer[])[label + 1], -1)
    or nearest_cluster_id <> coalesce((%(ids)s::integer[])[nearest_label + 1], -1)
  );
