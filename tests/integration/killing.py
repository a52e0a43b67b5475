"""Ends a session, or the writing of a file, before any chosen thing that a stage does."""

import io
import itertools
import time

import psycopg2

from kindred.artefacts import stores
from kindred.errors import UnreachableError
from kindred.warehouse.database import Database


class Killed(Exception):
    """The end of a process while it writes a file."""


FIRST_STATEMENTS = ("warehouse/begin_session", "warehouse/configure_session")


class Killer:
    """Ends the server's side of a session before the n-th thing that a stage does."""

    def __init__(self, monkeypatch, dsn):
        self._connection = psycopg2.connect(dsn)
        self._connection.autocommit = True
        self._at, self._count = None, 0
        for name in ("run", "rows", "records", "execute", "copy_out", "copy_in"):
            monkeypatch.setattr(Database, name, self._wrapped(getattr(Database, name)))
        monkeypatch.setattr(stores, "write_aside", self._cut_short(stores.write_aside))

    def _wrapped(self, method):
        def call(database, what, *arguments, **names):
            # Nothing has happened between a session's first statements or two looks at a lock.
            if what not in FIRST_STATEMENTS and self._is_now():
                self._end_session(database.connection.info.backend_pid)
            return method(database, what, *arguments, **names)

        return call

    def _cut_short(self, write_aside):
        def call(filesystem, path, write):
            if self._is_now():
                whole = io.BytesIO()
                write(whole)
                with filesystem.open(f"{path}.half", "wb") as stream:
                    stream.write(whole.getvalue()[: whole.tell() // 2])
                raise Killed
            return write_aside(filesystem, path, write)

        return call

    def _is_now(self):
        self._count += 1
        return self._count == self._at

    def _end_session(self, pid):
        """The server takes its time; what it rolls back must be gone before the next try."""
        is_there = "select pg_terminate_backend(pid) from pg_stat_activity where pid = %s"
        with self._connection.cursor() as cursor:
            cursor.execute(is_there, (pid,))
            while cursor.fetchone():
                time.sleep(0.001)
                cursor.execute(is_there, (pid,))

    def close(self):
        self._connection.close()

    def persist(self, action, every):
        """Kill the action before its steps 1, 1 + every, and so on; then let it come through."""
        for count, at in enumerate(itertools.count(1, every)):
            self._at, self._count = at, 0
            try:
                result = action()
            except (psycopg2.OperationalError, psycopg2.InterfaceError, UnreachableError, Killed):
                assert self._count >= at
                continue
            self._at = None
            if self._count < at:
                return result, count
