-- The snapshot whose cluster ids are continued: the nearest published one at or before a moment,
-- else the nearest after it. The scalar subselect lets the executor skip other partitions.
select snapshots.as_of
from snapshots
where snapshots.status = 'published'
  and (
    select true
    from customer_clusters as known
    where known.as_of = snapshots.as_of and known.algorithm = %(algorithm)s
    limit 1
  )
order by (snapshots.as_of > %(as_of)s), abs(extract(epoch from snapshots.as_of - %(as_of)s::timestamptz))
limit 1;
