-- The snapshot of the _current views over partitions; as a scalar subselect it lets the executor skip the
-- others. A prepared statement may run on a plan from before the newest partition, where it would find
-- nothing: so this is the newest snapshot up to the pointer whose partition the plan knows.
select snapshots.as_of
from {space}.snapshots
where snapshots.status = 'published'
  and snapshots.as_of <= (select current_snapshot.as_of from {space}.current_snapshot)
  and (
    {has_no_rows}
    or (select true from {space}.{table} as known where known.as_of = snapshots.as_of limit 1)
  )
order by snapshots.as_of desc
limit 1
