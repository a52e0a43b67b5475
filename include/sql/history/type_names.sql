-- Names of types given their OIDs, and whether they are built in; a domain has the name of its base type.
-- -1 stands for "no length": 'character' alone would mean one character, -1 makes it bpchar.
with recursive bases as (
  select oid, oid as base, typbasetype from pg_type where oid = any(%(oids)s::bigint[]::oid[])
  union all
  select bases.oid, pg_type.oid, pg_type.typbasetype from bases join pg_type on pg_type.oid = bases.typbasetype
)

select oid::bigint, format_type(base, -1), oid < 16384 from bases where typbasetype = 0;
