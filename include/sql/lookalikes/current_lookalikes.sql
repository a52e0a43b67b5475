-- The snapshot that lookalikes_current shows. A prepared statement may use a plan from before the newest
-- partition, which would find no rows there: so this is the newest snapshot up to the pointer whose partition
-- the plan includes. As a scalar subselect it lets the executor skip the other partitions.
select snapshots.as_of
from {space}.snapshots
where snapshots.status = 'published'
  and snapshots.as_of <= (select current_snapshot.as_of from {space}.current_snapshot)
  and case
    when snapshots.lookalikes = 0 then true
    when snapshots.hidden_features = '{{}}'
      then (select true from {space}.customer_lookalikes as known where known.as_of = coalesce(snapshots.unchanged_since, snapshots.as_of) limit 1)
    else (select true from {space}.public_lookalikes as known where known.as_of = coalesce(snapshots.unchanged_since, snapshots.as_of) limit 1)
  end
order by snapshots.as_of desc
limit 1
