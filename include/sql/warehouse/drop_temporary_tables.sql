-- Drop the temporary tables of this session.
do $block$
declare
  found regclass;
begin
  for found in
    select oid from pg_class where relnamespace = pg_my_temp_schema() and relkind = 'r'
  loop
    execute format('drop table %s', found);
  end loop;
end
$block$;
