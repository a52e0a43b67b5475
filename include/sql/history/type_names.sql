-- Names of types given by their numbers, and whether they are PostgreSQL's own.
select oid::bigint, format_type(oid, -1), oid < 16384 from pg_type where oid = any(%(oids)s::bigint[]::oid[]);
