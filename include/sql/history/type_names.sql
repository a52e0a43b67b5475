-- Names of types given their OIDs, and whether they are built in. -1 stands for "no length": 'character'
-- alone would mean one character, -1 makes it bpchar.
select oid::bigint, format_type(oid, -1), oid < 16384 from pg_type where oid = any(%(oids)s::bigint[]::oid[]);
