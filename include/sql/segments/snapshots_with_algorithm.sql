-- Published snapshots that have an algorithm. The scalar subselect lets the executor skip other
-- partitions, and its order lets it use the primary key: the rows of another algorithm may come first.
select snapshots.as_of
from snapshots
where snapshots.status = 'published'
  and (
    select true
    from customer_clusters as known
    where known.as_of = coalesce(snapshots.unchanged_since, snapshots.as_of) and known.algorithm = %(algorithm)s
    order by known.customer_id
    limit 1
  );
