"""Sessions of nights that are kept for the next one: a night opens seven, in 8 ms each.

What is kept is as a new session, but for what the server has in its caches.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_UNKNOWN, ConnectionInfo, connection, parse_dsn

from kindred.warehouse import database

KEPT = 6
NAME = "kept for tests"
PLACE = ("user", "host", "dbname")
_places: set[tuple[Any, ...]] = set()
_kept: list["KeptSession"] = []
"""Those that nobody uses now, the newest last."""
_of_parents: list["KeptSession"] = []
"""In a forked process: the parent goes on with them, so that nothing here may end them."""


class _Block(threading.local):
    """Whether the thread is in a block whose sessions are kept."""

    is_open = False


_block = _Block()


class _Info:
    """What a session says of itself: as if it had been opened under the name that it has now."""

    def __init__(self, info: ConnectionInfo, name: str) -> None:
        self._info, self._name = info, name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._info, name)

    @property
    def dsn_parameters(self) -> dict[str, str]:
        return {**self._info.dsn_parameters, "application_name": self._name}


class KeptSession(connection):
    """A session that is kept when it is closed, and looks closed until somebody needs it again."""

    place: frozenset[tuple[str, Any]]
    name = ""
    is_used = False

    @property
    def closed(self) -> int:  # type: ignore[override]
        return super().closed if self.is_used else 1

    @property
    def info(self) -> Any:
        return _Info(super().info, self.name)

    def cursor(self, *arguments: Any, **options: Any) -> Any:
        if not self.is_used:
            raise psycopg2.InterfaceError("connection already closed")
        return super().cursor(*arguments, **options)

    def use(self, name: str) -> bool:
        """Begin anew under another name; returns whether the server is still there."""
        self.is_used, self.name = True, name
        try:
            self._run("select pg_catalog.set_config('application_name', %s, false)", (name,))
        except psycopg2.Error:
            self.end()
        return self.is_used

    def close(self) -> None:
        """Become as new, and wait for the next who opens one."""
        if not self.is_used:
            return
        is_lost = super().closed or super().info.transaction_status == TRANSACTION_STATUS_UNKNOWN
        try:
            if is_lost or threading.current_thread() is not threading.main_thread():
                self.end()
                return
            self.rollback()
            self.autocommit = True
            self._run("discard all")
        except psycopg2.Error:  # somebody has ended it
            self.end()
            return
        self.is_used = False
        self.notices.clear()
        _kept.append(self)
        while len(_kept) > KEPT:
            _kept.pop(0).end()

    def end(self) -> None:
        """Close it for good."""
        super().close()
        self.is_used = False

    def _run(self, statement: str, parameters: Any = None) -> None:
        with super().cursor() as cursor:
            cursor.execute(statement, parameters)


def _connected(parameters: Mapping[str, Any]) -> connection:
    """What `kindred.warehouse.database` does to connect, with a session that is kept if one is."""
    if not _block.is_open or _place_of(parameters) not in _places:
        return _connected_anew(parameters)
    name = parameters["application_name"]
    place = frozenset(item for item in parameters.items() if item[0] != "application_name")
    while found := [session for session in _kept if session.place == place]:
        _kept.remove(found[-1])
        if found[-1].use(name):
            return found[-1]
    opened = _connected_anew(
        {**parameters, "application_name": NAME, "connection_factory": KeptSession}
    )
    opened.is_used, opened.autocommit, opened.place = True, True, place
    opened.use(name)
    return opened


def _place_of(parameters: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(map(parameters.get, PLACE))


def keep_sessions_of(dsn: str) -> None:
    """Let the sessions of a database be kept; nobody needs to prove that no pooler shares them."""
    _places.add(_place_of(parse_dsn(dsn)))
    database._proven.add(dsn)


_connected_anew = database._connected
patch.object(database, "_connected", _connected).start()


@contextmanager
def keeping_sessions() -> Iterator[None]:
    """What is opened in the block, by the main thread, is kept when it is closed."""
    before, _block.is_open = _block.is_open, threading.current_thread() is threading.main_thread()
    try:
        yield
    finally:
        _block.is_open = before


def end_kept() -> None:
    """End the sessions that are kept: a database that has sessions cannot be copied."""
    while _kept:
        _kept.pop().end()


def _leave_to_parent() -> None:
    _of_parents.extend(_kept)
    _kept.clear()


os.register_at_fork(after_in_child=_leave_to_parent)
