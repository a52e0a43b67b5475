"""What an administrator does to a test server."""

import psycopg2

from local.postgres import EmbeddedServer


def administer(server: EmbeddedServer, *statements: str, database: str = "postgres") -> None:
    """Run statements as the superuser, each in a transaction of its own."""
    connection = psycopg2.connect(server.dsn(database))
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()
