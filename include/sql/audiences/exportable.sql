-- An audience in a published snapshot, or in the current one: what became of it, and what its file said.
select snapshots.as_of, audiences.status, audiences.reason, audiences.sizes, audiences.settings, audiences.used_columns
from snapshots
left join audiences on audiences.as_of = snapshots.as_of and audiences.audience = %(audience)s
where snapshots.status = 'published'
  and snapshots.as_of = coalesce(%(as_of)s::timestamptz, (select current_snapshot.as_of from current_snapshot));
