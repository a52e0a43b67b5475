-- Rows of a table as the server's statistics have them; -1 where it was never analysed.
select reltuples::bigint from pg_class where oid = to_regclass(%(table)s);
