-- The role BI logs in through, once per server: it may read the bi schemas and nothing else. If another
-- space's first run creates it at the same moment, this one waits, and finds it created.
do $block$
begin
  if not exists (select from pg_roles where rolname = 'bi_reader') then
    create role bi_reader nologin;
  end if;
exception
  when duplicate_object or unique_violation then
    null;
end
$block$;
