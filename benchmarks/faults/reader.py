"""A BI reader that polls continuously and keeps everything it has seen."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from psycopg2 import sql

from kindred.spec.model import Spec
from local.postgres import SUPERUSER

STATEMENT = Path(__file__).parents[1] / "sql" / "poll_snapshot.sql"
PAUSE_SECONDS = 0.6  # reading a whole snapshot takes a hundredth of a second
POLL = sql.SQL("execute poll")


def poll_statement(spec: Spec) -> sql.Composed:
    """One statement that reads every table of the current snapshot.

    Its many views take longer to plan than to read: who asks often prepares it.
    """
    text = STATEMENT.read_text(encoding="utf-8")
    return sql.SQL(text).format(bi=sql.Identifier(spec.bi_schema))


def look(dsn: str, spec: Spec) -> str:
    """The current snapshot as BI sees it."""
    connection = _connect(dsn, spec)
    try:
        return _poll(connection, poll_statement(spec))
    finally:
        connection.close()


def _connect(dsn: str, spec: Spec) -> "psycopg2.extensions.connection":
    # The warehouse's owner may not become its reader.
    name = f"reader of {spec.space}"
    connection = psycopg2.connect(dsn, user=SUPERUSER, application_name=name)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("set role bi_reader")
    return connection


def _poll(connection: "psycopg2.extensions.connection", statement: sql.Composable) -> str:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    return "" if row is None else str(row[0])


class Reader(threading.Thread):
    """Polls as role ``bi_reader`` until stopped; reconnects when its session is terminated."""

    def __init__(self, dsn: str, spec: Spec) -> None:
        super().__init__(name=f"reader of {spec.space}", daemon=True)
        self.seen: Counter[str] = Counter()
        self.errors: list[str] = []
        self.cuts = 0
        self._dsn, self._spec = dsn, spec
        self._is_over = threading.Event()

    def run(self) -> None:
        """Poll; record errors of statements, and reconnect after a terminated session."""
        statement = poll_statement(self._spec)
        while not self._is_over.is_set():
            try:
                self._read(statement)
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                self.cuts += 1
                time.sleep(PAUSE_SECONDS)
            except psycopg2.Error as error:
                self.errors.append(" ".join(str(error).split()))
                return

    def _read(self, statement: sql.Composed) -> None:
        connection = _connect(self._dsn, self._spec)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql.SQL("prepare poll as {}").format(statement))
            while not self._is_over.wait(PAUSE_SECONDS):
                self.seen[_poll(connection, POLL)] += 1
        finally:
            connection.close()

    def stop(self) -> None:
        """End the loop."""
        self._is_over.set()
        self.join(timeout=30)


@contextmanager
def reading(dsn: str, spec: Spec) -> Iterator[Reader]:
    """Run a reader during the block."""
    reader = Reader(dsn, spec)
    reader.start()
    try:
        yield reader
    finally:
        reader.stop()
