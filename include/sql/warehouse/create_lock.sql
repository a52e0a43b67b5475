-- Make the relation of a lock, unless it exists: a view of nothing, since vacuum passes views over. If another
-- session makes it at the same moment, this one waits, and finds it made.
do $block$
begin
  if to_regclass({quoted}) is null then
    create schema if not exists {schema};
    create view {lock} as select;
  end if;
exception
  when duplicate_schema or duplicate_table or unique_violation then
    null;
end
$block$;
