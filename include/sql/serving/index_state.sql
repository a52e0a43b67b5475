-- Whether the index is usable, and its size in bytes.
select indisvalid and indisready, pg_relation_size(indexrelid)
from pg_index
where indexrelid = to_regclass(quote_ident(%(index)s));
