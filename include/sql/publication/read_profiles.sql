-- The cluster profiles of a published snapshot, as the task that makes them hands them on.
select jsonb_build_object(
  'algorithm', algorithm, 'label', label, 'cluster_id', cluster_id, 'name', name, 'name_terms', name_terms,
  'customers', customers, 'share', share, 'medoid_id', medoid_id::text, 'membership', membership, 'profile', profile,
  'items', items
)
from cluster_profiles
where as_of = %(as_of)s and algorithm = any (%(algorithms)s)
order by algorithm, label;
