-- The snapshot that the _current views show, for partitioned tables. As a scalar subselect it lets the
-- executor skip the other partitions. A prepared statement may use a plan from before the newest
-- partition, which would find no rows there: so this is the newest snapshot up to the pointer whose
-- partition the plan includes.
select snapshots.as_of
from {space}.snapshots
where snapshots.status = 'published'
  and {is_shown}
  and snapshots.as_of <= (select current_snapshot.as_of from {space}.current_snapshot)
  and (
    {has_no_rows}
    or (select true from {space}.{table} as known where known.as_of = snapshots.as_of limit 1)
  )
order by snapshots.as_of desc
limit 1
