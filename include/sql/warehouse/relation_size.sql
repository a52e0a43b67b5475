-- Bytes of a table with its indexes; 0 where there is none.
select coalesce(pg_total_relation_size(to_regclass(quote_ident(%(table)s))), 0);
