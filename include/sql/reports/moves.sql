-- Who moved from where to where since the snapshot before, between the largest segments of both; the others together.
-- Segments are numbers as text; beside them there are noise, others, and new and gone.
with moved as materialized (
  select from_as_of, from_cluster_id, to_cluster_id, customers
  from {bi}.cluster_movements
  where to_as_of = %(as_of)s and algorithm = %(algorithm)s
),
largest as materialized (
  select ends.cluster_id
  from (
    select from_cluster_id as cluster_id, customers from moved
    union all
    select to_cluster_id, customers from moved
  ) as ends
  where ends.cluster_id >= 0
  group by ends.cluster_id
  order by sum(ends.customers) desc, ends.cluster_id
  limit %(most)s
)
select
  moved.from_as_of,
  case
    when moved.from_cluster_id is null then 'new'
    when moved.from_cluster_id < 0 then 'noise'
    when moved.from_cluster_id in (select cluster_id from largest) then moved.from_cluster_id::text
    else 'others'
  end as source,
  case
    when moved.to_cluster_id is null then 'gone'
    when moved.to_cluster_id < 0 then 'noise'
    when moved.to_cluster_id in (select cluster_id from largest) then moved.to_cluster_id::text
    else 'others'
  end as target,
  sum(moved.customers)::bigint as customers
from moved
group by 1, 2, 3
order by 4 desc, 2, 3;
