-- How many customers are in each cell of a grid over the map, in all and by segment: counted once, when the snapshot is
-- published. As the partitions of customer_map, the rows are those of the snapshot that was computed, which others share.
create table map_cells (
  as_of timestamptz not null,
  algorithm text not null,
  cell_column integer not null,
  cell_row integer not null,
  label integer not null,
  customers integer not null,
  primary key (as_of, algorithm, cell_column, cell_row, label)
);
comment on column map_cells.algorithm is 'everybody: all customers, whatever their segment. One whose segments are hidden has no rows.';
comment on column map_cells.cell_column is 'The cells of a column have this times cell_size <= x < one more times cell_size.';
comment on column map_cells.cell_row is 'The same of y.';
comment on column map_cells.label is 'As in customer_clusters; -1 for smaller segments than the dozen that are told apart, and for noise.';

alter table map_quality add column cell_size double precision;
comment on column map_quality.cell_size is 'Side of the cells in map_cells, in units of the map; rounded up, so that it is nobody''s distance.';
