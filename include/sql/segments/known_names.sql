-- Names by id from the published snapshot of a date, else from the nearest earlier one that has them,
-- else from the nearest later one.
select distinct on (profiles.cluster_id) profiles.cluster_id, profiles.name
from cluster_profiles as profiles
join snapshots on snapshots.as_of = profiles.as_of and snapshots.status = 'published'
where profiles.algorithm = %(algorithm)s and profiles.cluster_id = any(%(cluster_ids)s)
order by
  profiles.cluster_id,
  profiles.as_of > %(as_of)s::timestamptz,
  abs(extract(epoch from profiles.as_of - %(as_of)s::timestamptz));
