"""What an administrator does to a test server."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2

from kept_sessions import end_kept
from local.postgres import OWNER, SUPERUSER, EmbeddedServer, binary

KEPT_SESSIONS = 2
_kept: dict[str, "psycopg2.extensions.connection"] = {}
"""Sessions of the main thread by connection string, the newest last."""


@contextmanager
def transaction(dsn: str) -> Iterator["psycopg2.extensions.cursor"]:
    """A transaction in a session that is as a new one; to open one takes 5 ms."""
    if threading.current_thread() is not threading.main_thread():
        with closing(psycopg2.connect(dsn)) as session, session, session.cursor() as cursor:
            yield cursor
        return
    session = _kept_session(dsn)
    with session, session.cursor() as cursor:
        yield cursor


def _kept_session(dsn: str) -> "psycopg2.extensions.connection":
    session = _kept.pop(dsn, None)
    if session is not None:
        try:
            session.autocommit = True
            with session.cursor() as cursor:
                cursor.execute("discard all")
            session.autocommit = False
        except psycopg2.Error:  # somebody has ended it
            session.close()
            session = None
    _kept[dsn] = session or psycopg2.connect(dsn)
    while len(_kept) > KEPT_SESSIONS:
        _kept.pop(next(iter(_kept))).close()
    return _kept[dsn]


def close_kept() -> None:
    """Close the sessions that are kept for queries, and those of nights."""
    if threading.current_thread() is threading.main_thread():
        end_kept()
        while _kept:
            _kept.popitem()[1].close()


def administer(server: EmbeddedServer, *statements: str, database: str = "postgres") -> None:
    """Run statements as the superuser, each in a transaction of its own.

    Sessions that are kept are closed: a database with sessions cannot be copied, and what a role
    is given holds for its new ones.
    """
    close_kept()
    connection = psycopg2.connect(server.dsn(database, SUPERUSER))
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


def create_owner(server: EmbeddedServer) -> None:
    """Give a server that has just been started the owner of its databases, who is no superuser."""
    server.create_owner()
    administer(
        server,
        # A managed server lets owners of databases create it; nobody here has to be a superuser.
        f"alter system set extension_control_path = '{trusted_pgvector(server)}:$system'",
        "select pg_reload_conf()",
        f"grant bi_reader to {OWNER} with admin true, inherit false",
    )


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
