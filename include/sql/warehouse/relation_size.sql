-- Bytes of a table with its indexes; 0 if it does not exist.
select coalesce(pg_total_relation_size(to_regclass(quote_ident(%(table)s))), 0);
