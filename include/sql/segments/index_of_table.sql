-- The usable IVFFlat index of a generation, and its pages; Kindred's own if there are several.
select class.relname::text, pg_relation_size(class.oid) / current_setting('block_size')::bigint
from pg_index
join pg_class as class on class.oid = pg_index.indexrelid
join pg_am on pg_am.oid = class.relam
where pg_index.indrelid = to_regclass(quote_ident(%(table)s))
  and pg_am.amname = 'ivfflat'
  and pg_index.indisvalid
  and pg_index.indisready
order by class.relname = %(table)s || '_ivfflat' desc
limit 1;
