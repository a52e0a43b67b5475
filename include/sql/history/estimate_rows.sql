-- Estimated rows of a table from the server's statistics; -1 if it was never analysed.
select reltuples::bigint from pg_class where oid = to_regclass(%(table)s);
