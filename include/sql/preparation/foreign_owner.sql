-- Who owns the tables of a space, if this login may not change them.
select quote_ident(pg_get_userbyid(relowner))
from pg_class as class
join pg_namespace as spaces on spaces.oid = class.relnamespace
where nspname = %(schema)s and relname = 'applied_migrations' and not pg_has_role(relowner, 'usage');
