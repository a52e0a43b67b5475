-- Names of types given their OIDs, and whether they are built in.
select oid::bigint, format_type(oid, -1), oid < 16384 from pg_type where oid = any(%(oids)s::bigint[]::oid[]);
