"""Fixtures of all tests: one embedded PostgreSQL a session, databases of their own for tests."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from kindred.local.postgres import EmbeddedServer

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """The one PostgreSQL server of the session."""
    server = EmbeddedServer(tmp_path_factory.mktemp("postgres") / "data")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def make_database(server: EmbeddedServer) -> Callable[[str], str]:
    """Create a database of a new name; returns its libpq URI."""

    def make(prefix: str) -> str:
        name = f"{prefix}_{next(_numbers)}"
        server.create_database(name)
        return server.dsn(name)

    return make


@pytest.fixture
def database(make_database: Callable[[str], str]) -> Iterator["psycopg2.extensions.connection"]:
    """A session in an empty database."""
    connection = psycopg2.connect(make_database("empty"))
    connection.autocommit = True
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout."""
    return Path(__file__).resolve().parents[1]
