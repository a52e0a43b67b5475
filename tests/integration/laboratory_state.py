"""Everything that a refused run must leave as it was."""

import psycopg2
from psycopg2 import sql

FIRST_OWN_OID = 16_384
"""What the server has by itself is numbered below."""


def state_of(dsn):
    """Everything a change would show in: relations, roles, schemas, functions, contents."""
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        found = {}
        for name, query in {
            "relations": "select oid, relname, relnamespace, relfilenode, relowner from pg_class"
            " where oid >= %(own)s",
            "columns": "select attrelid, attname, atttypid from pg_attribute"
            " where attnum > 0 and attrelid >= %(own)s",
            "roles": "select oid, rolname from pg_roles",
            "schemas": "select oid, nspname, nspowner, nspacl::text from pg_namespace",
            "functions": "select oid, proname, prosrc from pg_proc where oid >= %(own)s",
            "types": "select oid, typname from pg_type where oid >= %(own)s",
            "extensions": "select extname, extversion from pg_extension",
        }.items():
            cursor.execute(query, {"own": FIRST_OWN_OID})
            found[name] = sorted(map(str, cursor.fetchall()))
        cursor.execute("""
            select oid::regclass::text from pg_class
            where relkind = 'r' and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
        """)
        for (table,) in cursor.fetchall():
            # A run that is refused asks again, too, that its private columns stay hidden.
            row = "to_jsonb(t) - 'demanded_at'" if table == "kindred.private_columns" else "t"
            content = "select md5(coalesce(string_agg(({0})::text, ';' order by ({0})::text), ''))"
            cursor.execute(sql.SQL(content + " from {1} as t").format(sql.SQL(row), sql.SQL(table)))
            found[table] = cursor.fetchall()
    connection.close()
    return found


def state(laboratory):
    """What a refused run must leave as it was."""
    files = sorted(str(path) for path in laboratory.artefacts.rglob("*"))
    return state_of(laboratory.source_dsn), state_of(laboratory.warehouse_dsn), files
