-- Reduce the recorded size of snapshots by the erased customer and the deleted lookalikes that readers see,
-- recompute the shares of their clusters over the remaining customers, and drop the customer as a medoid. A
-- cluster whose only customer has been erased loses its profile. Returns the snapshots: those that hold the rows, and
-- those that share them.
update snapshots
set
  customers = snapshots.customers - 1,
  lookalikes = snapshots.lookalikes - case when snapshots.hidden_features = '{{}}' then held.lookalikes else held.public end,
  erased_customers = snapshots.erased_customers + 1
from unnest(%(as_ofs)s::timestamptz[], %(lookalikes)s::bigint[], %(public)s::bigint[]) as held (as_of, lookalikes, public)
where coalesce(snapshots.unchanged_since, snapshots.as_of) = held.as_of;
update cluster_profiles as profiles
set share = profiles.customers::float8 / greatest(snapshots.customers, 1)
from snapshots
where snapshots.as_of = profiles.as_of
  and coalesce(snapshots.unchanged_since, snapshots.as_of) = any (%(as_ofs)s::timestamptz[]);
update cluster_profiles
set medoid_id = null
where medoid_id = (select requests.customer_id from erasure_requests as requests where number = %(request)s);
delete from cluster_profiles where customers <= 0;
select as_of from snapshots where coalesce(unchanged_since, as_of) = any (%(as_ofs)s::timestamptz[]) order by as_of;
