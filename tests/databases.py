"""What an administrator does to a test server."""

import shutil
from pathlib import Path

import psycopg2

from local.postgres import SUPERUSER, EmbeddedServer, binary


def administer(server: EmbeddedServer, *statements: str, database: str = "postgres") -> None:
    """Run statements as the superuser, each in a transaction of its own."""
    connection = psycopg2.connect(server.dsn(database, SUPERUSER))
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


def trusted_pgvector(server: EmbeddedServer) -> Path:
    """A folder of extensions whose pgvector may be created by the owner of a database."""
    folder = server.pgdata / "trusted" / "extension"
    folder.mkdir(parents=True)
    (system,) = binary("postgres").parents[1].glob("share/**/extension/vector.control")
    for path in system.parent.glob("vector*"):
        shutil.copy(path, folder)
    with (folder / "vector.control").open("a", encoding="utf-8") as control:
        control.write("trusted = true\n")
    for path in (folder.parent, folder, *folder.iterdir()):
        path.chmod(0o755)
    return folder.parent
