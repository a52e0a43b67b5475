-- How many customers are in each cell of a grid over the map of every published snapshot, in all and by segment: counted
-- when it was published. Figures depend on the snapshot being shown, as coordinates in customer_map.
create or replace view {bi}.map_cells with (security_barrier) as
with shown as materialized (
  select as_of, stored_as_of, hidden_algorithms, true as is_shown from {space}.shown_snapshots
)
select
  found.as_of,
  found.algorithm,
  found.cell_column,
  found.cell_row,
  (found.cell_column + 0.5) * quality.cell_size as x,
  (found.cell_row + 0.5) * quality.cell_size as y,
  case when found.customers > 0 then quality.cell_size end as cell_size,
  case when found.customers > 0 then profiles.cluster_id end as cluster_id,
  found.customers
from (
  select
    shown.as_of,
    case when shown.is_shown then cells.algorithm end as algorithm,
    case when shown.is_shown then cells.cell_column end as cell_column,
    case when shown.is_shown then cells.cell_row end as cell_row,
    case when shown.is_shown then cells.label end as label,
    case when shown.is_shown then cells.customers end as customers,
    shown.hidden_algorithms
  from shown
  join {space}.map_cells as cells on cells.as_of = shown.stored_as_of
) as found
join {space}.map_quality as quality using (as_of)
left join {space}.cluster_profiles as profiles
  on profiles.as_of = found.as_of and profiles.algorithm = found.algorithm and profiles.label = found.label
where found.algorithm <> all (found.hidden_algorithms);

comment on view {bi}.map_cells is 'Customers per cell of a grid over customer_map, in all (algorithm everybody) and by segment: small enough to draw. Ask for an as_of and an algorithm.';
comment on column {bi}.map_cells.as_of is 'The snapshot.';
comment on column {bi}.map_cells.algorithm is 'How the segments were found; everybody for all customers, whatever their segment.';
comment on column {bi}.map_cells.cell_column is 'The cells with equal x. Cells are the same ones in all snapshots with the same cell_size.';
comment on column {bi}.map_cells.cell_row is 'The cells with equal y.';
comment on column {bi}.map_cells.x is 'The middle of the cell, as x in customer_map.';
comment on column {bi}.map_cells.y is 'The middle of the cell, as y in customer_map.';
comment on column {bi}.map_cells.cell_size is 'The side of every cell.';
comment on column {bi}.map_cells.cluster_id is 'One of the twelve largest segments; null for customers of the smaller ones or of none.';
comment on column {bi}.map_cells.customers is 'Customers of the segment in the cell.';
