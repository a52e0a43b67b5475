-- The snapshot that the _current views of segments show; as that of lookalikes_current.
select snapshots.as_of
from {space}.snapshots
where snapshots.status = 'published'
  and snapshots.as_of <= (select current_snapshot.as_of from {space}.current_snapshot)
  and (select true from {space}.customer_clusters as known where known.as_of = coalesce(snapshots.unchanged_since, snapshots.as_of) limit 1)
order by snapshots.as_of desc
limit 1
