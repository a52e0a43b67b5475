-- The role BI logs in through: it may read the bi schemas and nothing else, once a server. Another
-- space's first run may make it at the same moment; then this one waits, and finds it made.
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
