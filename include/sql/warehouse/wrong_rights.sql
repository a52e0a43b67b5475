-- Where the rights on what BI reads are not as they must be, and the statement that puts each right. Objects
-- that somebody else has made in the schema are left to their owner.
with objects as (
  select format('schema %%I', nspname) as name, 'usage' as privilege, has_schema_privilege(reader.oid, spaces.oid, 'usage') as may, false as is_open
  from pg_namespace as spaces
  join pg_roles as reader on reader.rolname = 'bi_reader'
  where nspname = %(bi_schema)s and pg_has_role(nspowner, 'usage')
  union all
  select format('%%I.%%I', nspname, relname), 'select', has_table_privilege(reader.oid, class.oid, 'select'), false
  from pg_class as class
  join pg_namespace as spaces on spaces.oid = class.relnamespace
  join pg_roles as reader on reader.rolname = 'bi_reader'
  where nspname = %(bi_schema)s and relkind = 'v' and pg_has_role(relowner, 'usage')
  union all
  select
    format('function %%s', routine.oid::regprocedure), 'execute', has_function_privilege(reader.oid, routine.oid, 'execute'),
    has_function_privilege('public', routine.oid, 'execute')
  from pg_proc as routine
  join pg_namespace as spaces on spaces.oid = routine.pronamespace
  join pg_roles as reader on reader.rolname = 'bi_reader'
  where nspname = %(bi_schema)s and prokind = 'f' and pg_has_role(proowner, 'usage')
)
select
  case when is_open then format('PUBLIC has %%s on %%s', privilege, name) else format('bi_reader lacks %%s on %%s', privilege, name) end,
  concat(
    case when is_open then format('revoke %%s on %%s from public; ', privilege, name) end,
    format('grant %%s on %%s to bi_reader', privilege, name)
  )
from objects
where is_open or not may
order by is_open desc, name;
