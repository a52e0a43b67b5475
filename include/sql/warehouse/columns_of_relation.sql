-- Columns of a table of this schema in their order, with the names of their types.
select attname, format_type(atttypid, -1)
from pg_attribute
where attrelid = to_regclass(quote_ident(%(table)s)) and attnum > 0 and not attisdropped
order by attnum;
