-- The snapshot that audience_members_current shows; as that of lookalikes_current.
select snapshots.as_of
from {space}.snapshots
where snapshots.status = 'published'
  and snapshots.as_of <= (select current_snapshot.as_of from {space}.current_snapshot)
  and case
    when coalesce(snapshots.audience_members, 0) = 0 then true
    else (select true from {space}.audience_members as known where known.as_of = snapshots.as_of limit 1)
  end
order by snapshots.as_of desc
limit 1
