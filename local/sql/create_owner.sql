-- The owner of the local databases and the readers' role, as a deployment has them: neither is a superuser.
do $block$
begin
  if not exists (select from pg_roles where rolname = 'kindred') then
    create role kindred login;
  end if;
  if not exists (select from pg_roles where rolname = 'bi_reader') then
    create role bi_reader nologin;
  end if;
end
$block$;
