-- The snapshot that a _current view shows of a table with partitions. A prepared statement may use a plan from before
-- the newest partition, which would find no rows there: so this is the newest snapshot up to the pointer whose
-- partition the plan includes, or that has no rows at all. As a scalar subselect it lets the executor skip the others.
select snapshots.as_of
from {space}.snapshots
where snapshots.status = 'published'
  and snapshots.as_of <= (select current_snapshot.as_of from {space}.current_snapshot)
  and case
    when coalesce(snapshots.{rows}, 0) = 0 then true
    else (select true from {space}.{table} as known where known.as_of = coalesce(snapshots.unchanged_since, snapshots.as_of) limit 1)
  end
order by snapshots.as_of desc
limit 1
