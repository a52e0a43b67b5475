-- Give a snapshot that has shared another one's map a copy of its counts, unless it has one.
insert into map_cells (as_of, algorithm, cell_column, cell_row, label, customers)
select %(heir)s, algorithm, cell_column, cell_row, label, customers
from map_cells
where as_of = %(as_of)s
on conflict do nothing;
