-- The customers in each cell of the map of a snapshot, by segment: null for those of others than the given ones, or in
-- none. Rows and columns count from 1; the first row is the lowest.
select
  1 + cell_column - min(cell_column) over () as column,
  1 + cell_row - min(cell_row) over () as row,
  cluster_id,
  customers
from (
  select
    cell_column,
    cell_row,
    case when cluster_id = any (%(clusters)s) then cluster_id end as cluster_id,
    sum(customers)::bigint as customers
  from {bi}.map_cells
  where as_of = %(as_of)s and algorithm = coalesce(%(algorithm)s, 'everybody')
  group by 1, 2, 3
) as cells
order by 1, 2, 3;
