-- What bi_reader may do that no grant on a space gives: by its attributes, by the roles it is a member of, by default
-- privileges, and through members who have more; with the statement that ends each. is_open: that reaches more
-- than the views and functions of bi, such as what this login owns, all data, files of the server, or sessions
-- of a night.
with recursive memberships (role, given) as (
  select roleid, roleid from pg_auth_members where member = (select oid from pg_roles where rolname = 'bi_reader')
  union
  select members.roleid, memberships.given
  from memberships
  join pg_auth_members as members on members.member = memberships.role
)
select
  format('has the attribute %%s', upper(power.name)) as problem,
  format('alter role bi_reader no%%s', power.name) as statement,
  power.name <> 'createdb' as is_open
from pg_roles
cross join lateral (
  values
    ('superuser', rolsuper), ('createrole', rolcreaterole), ('bypassrls', rolbypassrls), ('replication', rolreplication),
    ('createdb', rolcreatedb)
) as power (name, is_held)
where rolname = 'bi_reader' and power.is_held
union all
select
  format('is a member of role %%I', pg_get_userbyid(given)),
  format('revoke %%I from bi_reader', pg_get_userbyid(given)),
  bool_or(
    rolsuper or rolcreaterole or rolbypassrls or rolreplication
    or rolname in (
      'pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program',
      'pg_create_subscription', 'pg_maintain', 'pg_signal_backend'
    )
    or pg_has_role(role, (select oid from pg_roles where rolname = current_user), 'member')
    or exists (
      select from pg_namespace
      where nspname in (%(schema)s, %(bi_schema)s)
        and has_schema_privilege(role, pg_namespace.oid, case when nspname = %(schema)s then 'usage, create' else 'create' end)
    )
    or exists (
      select from pg_class
      join pg_namespace on pg_namespace.oid = relnamespace
      where nspname = %(bi_schema)s
        and has_table_privilege(role, pg_class.oid, 'insert, update, delete, truncate, references, trigger')
    )
  )
from memberships
join pg_roles on pg_roles.oid = role
group by given
union all
select
  format('may create schemas in database %%I', datname),
  format('revoke create on database %%I from bi_reader', datname),
  false
from pg_database
cross join aclexplode(datacl) as item
join pg_roles on pg_roles.oid = item.grantee
where datname = current_database() and rolname = 'bi_reader' and item.privilege_type = 'CREATE'
union all
select
  format('would get %%s on all that role %%I creates', lower(item.privilege_type), pg_get_userbyid(defaclrole)),
  format(
    'alter default privileges for role %%I revoke %%s on %%s from bi_reader',
    pg_get_userbyid(defaclrole),
    item.privilege_type,
    case defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' else 'schemas' end
  ),
  false
from pg_default_acl
cross join aclexplode(defaclacl) as item
join pg_roles on pg_roles.oid = item.grantee
where defaclnamespace = 0 and rolname = 'bi_reader' and pg_has_role(defaclrole, 'usage')
union all
select
  format('has a member, %%I, who may use schema %%I', members.rolname, nspname),
  format('revoke all on schema %%I from %%I', nspname, members.rolname),
  false
from pg_roles as reader
join pg_roles as members on pg_has_role(members.oid, reader.oid, 'member') and members.oid <> reader.oid
cross join pg_namespace
where reader.rolname = 'bi_reader'
  and nspname = %(schema)s
  and not members.rolsuper
  and not pg_has_role(members.oid, (select oid from pg_roles where rolname = current_user), 'member')
  and has_schema_privilege(members.oid, pg_namespace.oid, 'usage')
  and not has_schema_privilege(reader.oid, pg_namespace.oid, 'usage')
order by problem;
