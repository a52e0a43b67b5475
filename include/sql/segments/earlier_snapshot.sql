-- The nearest earlier published snapshot that has an algorithm. The scalar subselect lets the executor
-- skip other partitions, and its order lets it use the primary key.
select snapshots.as_of
from snapshots
where snapshots.status = 'published'
  and snapshots.as_of < %(as_of)s
  and (
    select true
    from customer_clusters as known
    where known.as_of = snapshots.as_of and known.algorithm = %(algorithm)s
    order by known.customer_id
    limit 1
  )
order by snapshots.as_of desc
limit 1;
