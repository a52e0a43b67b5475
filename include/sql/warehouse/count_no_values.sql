-- Let no statistics be collected of a column of lookalikes by all columns while readers see those by the public ones: the
-- rows that the planner expects of an id would say how many lists by all columns have it.
do $block$
begin
  if exists (select from hidden_columns) then
    alter table {table} alter column lookalike_id set statistics 0;
  end if;
end
$block$;
