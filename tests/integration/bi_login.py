"""A login that may read what ``bi_reader`` may, and nothing else."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg2

from databases import administer
from integration.warehouse import Laboratory
from local.postgres import EmbeddedServer, as_user

LOGIN = "bi_login_of_tests"


def login_of(server: EmbeddedServer, laboratory: Laboratory) -> str:
    """Its libpq URI for a warehouse; the role is made if it is new."""
    administer(
        server,
        f"do $$ begin create role {LOGIN} login in role bi_reader;"
        " exception when duplicate_object then null; end $$",
    )
    return server.dsn(unquote(urlsplit(laboratory.warehouse_dsn).path[1:]), LOGIN)


@contextmanager
def cursor_of(laboratory: Laboratory, role: str) -> Iterator["psycopg2.extensions.cursor"]:
    """A session of a role in a warehouse, in which every statement commits by itself."""
    with closing(psycopg2.connect(as_user(laboratory.warehouse_dsn, role))) as connection:
        connection.autocommit = True
        yield connection.cursor()


def read(
    server: EmbeddedServer, laboratory: Laboratory, query: str, parameters: Any = None
) -> list[tuple[Any, ...]]:
    """Rows of a query by that login."""
    connection = psycopg2.connect(login_of(server, laboratory))
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()
