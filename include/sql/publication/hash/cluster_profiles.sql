-- cluster_profiles in a fixed order, for its hash: without ids and names, which depend on the order of
-- the dates.
select as_of, algorithm, label, customers, share, medoid_id, membership, profile::text
from cluster_profiles
where algorithm <> 'ivfflat' and as_of in (select as_of from snapshots where status = 'published')
order by as_of, algorithm, label
