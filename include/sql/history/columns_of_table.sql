-- Columns of a source table with the names of their types, and whether each type is built in. -1 stands
-- for "no length": 'character' alone would mean one character, -1 makes it bpchar.
select
  attribute.attname,
  format_type(coalesce(nullif(type.typbasetype, 0), type.oid), -1),
  coalesce(nullif(type.typbasetype, 0), type.oid) < 16384
from pg_attribute as attribute
join pg_type as type on type.oid = attribute.atttypid
where attribute.attrelid = to_regclass(%(table)s)
  and attribute.attnum > 0
  and not attribute.attisdropped
order by attribute.attnum;
