-- map_cells in a fixed order, for its hash.
with shown as materialized (
  select as_of, coalesce((to_jsonb(snapshots) ->> 'unchanged_since')::timestamptz, as_of) as stored_as_of
  from snapshots
  where status = 'published' and mapped is not null
)
select shown.as_of, algorithm, cell_column, cell_row, label, cells.customers
from map_cells as cells
join shown on shown.stored_as_of = cells.as_of
where algorithm <> 'ivfflat'
order by shown.as_of, algorithm, cell_column, cell_row, label
