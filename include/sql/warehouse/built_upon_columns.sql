-- The columns of a view in their order, each with its type, if something else depends on the view or its row type;
-- otherwise none.
with place as (
  select class.oid, types.oid as row_type, types.typarray as array_type
  from pg_class as class
  join pg_namespace as spaces on spaces.oid = class.relnamespace
  join pg_type as types on types.oid = class.reltype
  where spaces.nspname = %(schema)s and class.relname = %(view)s and class.relkind = 'v'
)
select
  attname,
  format_type(atttypid, atttypmod)
    || case when attcollation <> typcollation then ' collate ' || attcollation::regcollation else '' end
from place
join pg_attribute on attrelid = place.oid and attnum > 0 and not attisdropped
join pg_type on pg_type.oid = atttypid
where exists (
  select from pg_depend
  where deptype = 'n'
    and (
      (refclassid = 'pg_class'::regclass and refobjid = place.oid)
      or (refclassid = 'pg_type'::regclass and refobjid in (place.row_type, place.array_type))
    )
    and not (classid = 'pg_rewrite'::regclass and objid in (select oid from pg_rewrite where ev_class = place.oid))
)
order by attnum;
