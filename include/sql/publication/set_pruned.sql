-- Hide snapshots for good, but never the current one; returns those hidden.
update snapshots
set status = 'pruned'
where as_of = any(%(as_ofs)s::timestamptz[])
  and status = 'published'
  and as_of is distinct from (select current_snapshot.as_of from current_snapshot)
returning as_of;
