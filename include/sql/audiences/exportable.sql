-- An audience in a published snapshot, or in the current one: what became of it, what its file said, and whether
-- readers may not see it.
select
  snapshots.as_of, audiences.status, audiences.reason, audiences.sizes, audiences.settings, audiences.used_columns,
  exists (
    select from private_audiences as hidden
    where hidden.as_of = audiences.as_of and hidden.audience = audiences.audience
  )
from snapshots
left join audiences on audiences.as_of = snapshots.as_of and audiences.audience = %(audience)s
where snapshots.status = 'published'
  and snapshots.as_of = coalesce(%(as_of)s::timestamptz, (select current_snapshot.as_of from current_snapshot));
