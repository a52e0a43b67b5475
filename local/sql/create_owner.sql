-- The owner of the local databases, the reader of the source, the readers' role and the page's login, as a deployment
-- has them: none is a superuser.
do $block$
begin
  if not exists (select from pg_roles where rolname = 'kindred') then
    create role kindred login;
  end if;
  if not exists (select from pg_roles where rolname = 'shop_reader') then
    create role shop_reader login;
  end if;
  if not exists (select from pg_roles where rolname = 'bi_reader') then
    create role bi_reader nologin;
  end if;
  if not exists (select from pg_roles where rolname = 'kindred_page') then
    create role kindred_page login in role bi_reader;
  end if;
end
$block$;
