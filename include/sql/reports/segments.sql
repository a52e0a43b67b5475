-- The largest segments of each algorithm in a snapshot, and how many there are.
select algorithm, cluster_id, name, customers, share, membership, medoid_id::text as medoid_id, segments
from (
  select
    summary.*,
    row_number() over (partition by algorithm order by customers desc, cluster_id) as position,
    count(*) over (partition by algorithm) as segments
  from {bi}.cluster_summary as summary
  where as_of = %(as_of)s
) as ranked
where position <= %(most)s
order by algorithm, position;
