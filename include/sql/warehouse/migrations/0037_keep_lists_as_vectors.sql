-- The centres of the lists one vector each, no longer row by row in a single array.
alter table index_builds rename column list_centres to list_numbers;
alter table index_builds add column list_centres vector[];
update index_builds
set list_centres = (
  select array_agg(list_numbers[first:first + width - 1]::vector order by first)
  from (select cardinality(list_numbers) / cardinality(list_sizes) as width) as list
  cross join lateral generate_series(1, cardinality(list_numbers), width) as first
)
where cardinality(list_sizes) > 0;
alter table index_builds drop column list_numbers;
comment on column index_builds.list_centres is 'centres of the lists whose sizes the nightly check compares';
