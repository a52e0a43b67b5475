-- Delete the smallest and the largest value of a column if they were the customer's.
update column_quality as quality
set
  minimum = case when not exists (
    select from erased_values as own where own.column_name = quality.column_name and own.value = quality.minimum
  ) then minimum end,
  maximum = case when not exists (
    select from erased_values as own where own.column_name = quality.column_name and own.value = quality.maximum
  ) then maximum end
where exists (
  select from erased_values as own
  where own.column_name = quality.column_name and own.value in (quality.minimum, quality.maximum)
);
