-- Whether a space keeps a list of private columns that this login may add to.
select exists (
  select from pg_class as class
  join pg_namespace as spaces on spaces.oid = class.relnamespace
  join pg_attribute on attrelid = class.oid and attname = 'hides_distances' and not attisdropped
  where spaces.nspname = %(schema)s
    and class.relname = 'private_columns'
    and pg_has_role(class.relowner, 'usage')
    and has_schema_privilege(spaces.oid, 'usage')
);
