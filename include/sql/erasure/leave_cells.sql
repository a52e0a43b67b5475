-- Count a customer no longer in the cells of the maps, while the places are known.
with placed as (
  select
    found.as_of,
    floor(found.x / sized.cell_size)::integer as cell_column,
    floor(found.y / sized.cell_size)::integer as cell_row
  from customer_map as found
  cross join lateral (
    select quality.cell_size
    from map_quality as quality
    join snapshots on snapshots.as_of = quality.as_of
    where coalesce(snapshots.unchanged_since, snapshots.as_of) = found.as_of and quality.cell_size is not null
    limit 1
  ) as sized
  where found.as_of = any (array(select snapshots.as_of from snapshots))
    and found.customer_id = (select customer_id from erasure_requests where number = %(request)s)
),
counted as (
  select placed.*, %(everybody)s as algorithm, %(others)s as label
  from placed
  union all
  select
    placed.*,
    known.algorithm,
    case when known.label between 0 and %(told_apart)s - 1 then known.label else %(others)s end
  from placed
  join customer_clusters as known using (as_of)
  where known.customer_id = (select customer_id from erasure_requests where number = %(request)s)
)
update map_cells as cells
set customers = cells.customers - 1
from counted
where cells.as_of = counted.as_of
  and cells.algorithm = counted.algorithm
  and cells.cell_column = counted.cell_column
  and cells.cell_row = counted.cell_row
  and cells.label = counted.label;
delete from map_cells where customers <= 0;
