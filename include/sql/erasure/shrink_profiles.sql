-- Recompute the cluster shares over the remaining customers.
update cluster_profiles as profiles
set share = profiles.customers::float8 / greatest(snapshots.customers, 1)
from snapshots
where snapshots.as_of = profiles.as_of and profiles.as_of = any (%(as_ofs)s::timestamptz[]);
