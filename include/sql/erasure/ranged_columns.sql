-- Columns whose smallest and largest values are recorded; these are values of single customers.
select distinct column_name, kind from column_quality where kind in ('numeric', 'date') order by 1, 2;
