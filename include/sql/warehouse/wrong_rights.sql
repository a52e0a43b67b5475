-- Where the rights of bi_reader and of PUBLIC on a space are not as they must be, and the statement that puts each
-- right. Objects that somebody else owns are left to their owner. A right that is too much is listed before one
-- that is missing; PUBLIC may call functions of the internal schema, which it cannot reach.
with readers (oid, name) as (
  values (0::oid, 'public')
  union all
  select oid, rolname from pg_roles where rolname = 'bi_reader'
),
spaces as (
  select oid, nspname, nspowner, nspacl, nspname = %(bi_schema)s as is_bi
  from pg_namespace
  where nspname in (%(schema)s, %(bi_schema)s)
),
objects as (
  select format('schema %%I', nspname) as object, '' as columns, case when is_bi then 'USAGE' end as needed, nspowner as owner, nspacl as acl
  from spaces
  union all
  select
    format('%%s %%I.%%I', case relkind when 'S' then 'sequence' else 'table' end, nspname, relname),
    '', case when is_bi and relkind = 'v' then 'SELECT' end, relowner, relacl
  from pg_class
  join spaces on spaces.oid = relnamespace
  union all
  select format('table %%I.%%I', nspname, relname), format(' (%%I)', attname), null, relowner, attacl
  from pg_class
  join spaces on spaces.oid = relnamespace
  join pg_attribute on attrelid = pg_class.oid and attacl is not null
  union all
  select
    format('%%s %%s', case prokind when 'a' then 'aggregate' when 'p' then 'procedure' else 'function' end, routine.oid::regprocedure),
    '', case when is_bi and prokind = 'f' then 'EXECUTE' end, proowner,
    case when is_bi or proacl is not null then coalesce(proacl, acldefault('f', proowner)) end
  from pg_proc as routine
  join spaces on spaces.oid = pronamespace
  union all
  select
    format('new %%s: alter default privileges for role %%I in schema %%I', kinds.name, pg_get_userbyid(defaclrole), nspname),
    '', case when is_bi then kinds.needed end, defaclrole, defaclacl
  from pg_default_acl
  join spaces on spaces.oid = defaclnamespace
  cross join lateral (
    values ('r', 'tables', 'SELECT'), ('S', 'sequences', null), ('f', 'functions', 'EXECUTE'), ('T', 'types', 'USAGE')
  ) as kinds (letter, name, needed)
  where kinds.letter = defaclobjtype::text
),
granted as (
  select
    objects.*, readers.name, item.privilege_type, item.is_grantable,
    case when item.grantor <> objects.owner then format(' (granted by %%I)', pg_get_userbyid(item.grantor)) end as by_other
  from objects
  cross join aclexplode(objects.acl) as item
  join readers on readers.oid = item.grantee and readers.oid <> objects.owner
  where item.grantee <> 0 or item.privilege_type <> 'EXECUTE' or objects.needed is not null
),
found as (
  select
    1 as place,
    format('%%s has %%s%%s on %%s', case name when 'public' then 'PUBLIC' else name end, lower(privilege_type), columns, split_part(object, ': ', 1)) || coalesce(by_other, '') as problem,
    case when object like 'new %%' then split_part(object, ': ', 2) || ' ' else '' end
      || format(
        'revoke %%s%%s%%s on %%s from %%I',
        case when privilege_type = needed and name <> 'public' then 'grant option for ' end,
        privilege_type,
        columns,
        case when object like 'new %%' then split_part(substr(object, 5), ': ', 1) else object end,
        name
      ) as statement,
    owner
  from granted
  where privilege_type is distinct from needed or name = 'public' or is_grantable
  union all
  select 2, format('bi_reader lacks %%s on %%s', lower(needed), object), format('grant %%s on %%s to bi_reader', needed, object), owner
  from objects
  where needed is not null
    and object not like 'new %%'
    and not exists (
      select from granted
      where granted.object = objects.object and granted.name <> 'public' and granted.privilege_type = objects.needed
    )
)
select problem, statement
from found
where pg_has_role(owner, 'usage')
  and exists (select from readers where name = 'bi_reader')
order by place, problem;
