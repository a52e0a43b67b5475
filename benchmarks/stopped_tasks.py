"""Block a task of a local Airflow in the middle of its work, and kill it."""

import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
from psycopg2 import sql

from local.failures import LocalError
from local.processes import command_line, identify, wait_until
from local.rest import JsonObject

BACKEND_SECONDS = 20.0
# A task whose session waits for one of ours is inside its body, in the blocked statement.
WAITING = (
    "select pid from pg_stat_activity where datname = current_database()"
    " and application_name like %s and cardinality(pg_blocking_pids(pid)) > 0"
    " and query not like '%%lock table%%'"  # a guard that waits for another task
)
ALIVE = "select exists (select from pg_stat_activity where pid = %s)"


@contextmanager
def reserved(dsn: str, schema: str, table: str) -> Iterator[None]:
    """Block writes to a table for the duration of the block."""
    statement = sql.SQL("lock table {} in share mode").format(sql.Identifier(schema, table))
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        yield


def wait_until_blocked(
    dsn: str, space: str, task_id: str, seconds: float, check: Callable[[], object]
) -> int:
    """Wait until a task of a space is blocked by `reserved`; return the pid of its backend.

    ``check`` is called between polls, and raises if waiting is pointless.

    Raises
    ------
    LocalError
        No task is blocked within the given seconds.
    """
    pattern = f"kindred {space} % {task_id}"
    found: list[int] = []

    def is_blocked() -> bool:
        check()
        found.extend(pid for (pid,) in _rows(dsn, WAITING, pattern))
        return bool(found)

    _require(is_blocked, seconds, f"no task {task_id!r} of space {space!r} was blocked")
    return found[0]


def kill(entry: JsonObject) -> None:
    """Kill the process of a running task instance; it can neither clean up nor log.

    Raises
    ------
    LocalError
        The process that Airflow names is not the task's.
    """
    process = identify(entry["pid"])
    if process is None or command_line(process.pid) != f"airflow worker -- {entry['id']}":
        raise LocalError(f"process {entry['pid']} is not that of task {entry['task_id']!r}")
    process.send(signal.SIGKILL)


def wait_until_backend_is_gone(dsn: str, backend: int) -> None:
    """Wait for the end of a database backend, although it stays blocked.

    Raises
    ------
    LocalError
        It does not end.
    """

    def is_gone() -> bool:
        return _rows(dsn, ALIVE, backend) == [(False,)]

    _require(is_gone, BACKEND_SECONDS, f"backend {backend} did not end without its client")


def _require(condition: Callable[[], bool], seconds: float, complaint: str) -> None:
    if not wait_until(condition, seconds, pause=0.2):
        raise LocalError(f"{complaint} within {seconds:.0f} seconds")


def _rows(dsn: str, query: str, value: object) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(query, (value,))
        return cursor.fetchall()
