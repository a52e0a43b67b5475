-- The snapshot whose cluster ids are continued: the nearest published one at or before a date, else the
-- nearest later one. The scalar subselect lets the executor skip other partitions, and its order lets
-- it use the primary key: the rows of another algorithm may come first.
select snapshots.as_of
from snapshots
where snapshots.status = 'published'
  and (
    select true
    from customer_clusters as known
    where known.as_of = snapshots.as_of and known.algorithm = %(algorithm)s
    order by known.customer_id
    limit 1
  )
order by (snapshots.as_of > %(as_of)s), abs(extract(epoch from snapshots.as_of - %(as_of)s::timestamptz))
limit 1;
