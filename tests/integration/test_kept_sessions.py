"""Sessions that the nights of tests keep for the next one: as new ones, and nobody else's."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import psycopg2
import pytest

from databases import close_kept
from kept_sessions import keeping_sessions
from kindred.warehouse.database import connect

SETTINGS = (
    "select name, setting from pg_settings where source <> 'default'"
    " union all select 'temporary', count(*)::text from pg_class where relpersistence = 't'"
    " union all select 'locks', count(*)::text from pg_locks where locktype = 'advisory'"
)


@pytest.fixture
def dsn(make_database: Callable[[str], str]) -> str:
    return make_database("kept")


def opened(
    dsn: str, work: Callable[[Any], Any], *, keeps: bool = True, name: str = "a task"
) -> Any:
    """What some work in a session of that name finds, and the process of the session."""
    with (
        keeping_sessions() if keeps else nullcontext(),
        connect(dsn, connection_id="test", application_name=name) as database,
    ):
        info = database.connection.info
        assert info.dsn_parameters["application_name"] == name
        return work(database.connection), info.backend_pid


def rows(connection: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(SETTINGS)
        return sorted(cursor.fetchall())


def leave_much(connection: Any) -> Any:
    """Whatever a session can leave behind: settings, tables, locks, an open transaction."""
    with connection.cursor() as cursor:
        cursor.execute("set search_path = pg_catalog; set statement_timeout = '7s'")
        cursor.execute("create temporary table mine (a integer); select pg_advisory_lock(7)")
        connection.autocommit = False
        cursor.execute("select 1")
    return connection


def test_a_kept_session_is_as_a_new_one(dsn: str) -> None:
    new, _ = opened(dsn, rows)
    _, first = opened(dsn, leave_much, name="another")
    again, second = opened(dsn, rows)
    assert second == first
    assert again == new
    close_kept()
    assert opened(dsn, rows)[1] != first


def test_what_was_closed_looks_closed(dsn: str) -> None:
    connection, _ = opened(dsn, leave_much)
    assert connection.closed
    with pytest.raises(psycopg2.InterfaceError, match="already closed"):
        connection.cursor()
    connection.close()
    _, first = opened(dsn, rows)
    with keeping_sessions(), connect(dsn, connection_id="test", application_name="b") as database:
        assert database.connection.info.backend_pid == first, "closed twice, it is kept once"
        assert opened(dsn, rows)[1] != first, "nobody else gets it meanwhile"


def test_a_session_that_was_ended_is_not_kept(dsn: str) -> None:
    _, first = opened(dsn, rows)
    with psycopg2.connect(dsn) as other, other.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(%s, 5000)", (first,))
    assert opened(dsn, rows)[1] != first


def test_others_get_sessions_of_their_own(dsn: str) -> None:
    _, first = opened(dsn, rows)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(opened, dsn, rows).result()[1] != first
    assert opened(dsn, rows, keeps=False)[1] != first
    assert opened(f"{dsn}&connect_timeout=9", rows)[1] != first
    assert opened(dsn, rows)[1] == first
