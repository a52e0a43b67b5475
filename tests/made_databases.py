"""The databases of a test process: copied when somebody needs one, dropped when nobody can."""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import psycopg2
import pytest

from databases import close_kept
from kept_sessions import keep_sessions_of
from local.postgres import OWNER, SUPERUSER, EmbeddedServer

DROPPED_TOGETHER = 24


class MadeDatabases:
    """A plugin of pytest that knows for whom each database is made.

    Its hooks would not be called for the fixtures of a session if they stood in a `conftest.py`.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._server: EmbeddedServer | None = None
        self._scopes: list[str] = []
        """Of the fixtures that are being set up, the innermost last."""
        self._used: dict[str, list[str]] = defaultdict(list)
        """Databases by the scope of who had them made."""
        self._unused: list[str] = []

    def make(self, server: EmbeddedServer, prefix: str, copied: str) -> str:
        """Copy a database under a new name; returns the libpq URI."""
        self._server = server
        name = f"{prefix}_{next(self._numbers)}"
        self._used[self._scopes[-1] if self._scopes else "function"].append(name)
        self._administer(
            f"create database {name} owner {OWNER} template {copied} strategy file_copy",
            f"alter database {name} set search_path = public, vector",
            f"revoke temporary on database {name} from public",
        )
        keep_sessions_of(server.dsn(name))
        return server.dsn(name)

    def _administer(self, *statements: str) -> None:
        """Run statements in one session of the superuser that stays open."""
        close_kept()
        with self._session.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    @cached_property
    def _session(self) -> "psycopg2.extensions.connection":
        assert self._server is not None
        session = psycopg2.connect(self._server.dsn("postgres", SUPERUSER))
        session.autocommit = True
        return session

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
        """Note who is at work."""
        self._scopes.append(fixturedef.scope)
        try:
            return (yield)
        finally:
            self._scopes.pop()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Iterator[None]:
        """Drop what the test, or its module, has left, some at a time."""
        try:
            return (yield)
        finally:
            is_last = nextitem is None or nextitem.path != item.path
            for scope in ("function", "module") if is_last else ("function",):
                self._unused += self._used.pop(scope, [])
            if nextitem is not None and len(self._unused) >= DROPPED_TOGETHER:
                self._administer(
                    *(f"drop database if exists {name} with (force)" for name in self._unused)
                )
                self._unused.clear()
