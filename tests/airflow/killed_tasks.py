"""Stops a task in the middle of its body, and ends it the hard way."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2 import sql
from real_airflow import DagRun, Space, wait_for

from kindred.local.processes import command_line, identify

# A task whose session waits for one of ours is inside its body, in the statement that has to wait.
WAITING = (
    "select pid from pg_stat_activity where datname = current_database()"
    " and application_name like %s and cardinality(pg_blocking_pids(pid)) > 0"
)
ALIVE = "select exists (select from pg_stat_activity where pid = %s)"
BACKEND_SECONDS = 20


@contextmanager
def reserved(space: Space, table: str) -> Iterator[None]:
    """Let nobody write to a table of the space."""
    with _open_transaction(space, "lock table {space}.{table} in share mode", table):
        yield


@contextmanager
def reserved_part(space: Space, table: str, part: str) -> Iterator[None]:
    """Let nobody note that a part of a table has been loaded."""
    row = "insert into {space}.{table} values (%s, %s, 'none', 0)"
    with _open_transaction(space, row, "loaded_parts", table, part):
        yield


@contextmanager
def _open_transaction(space: Space, text: str, table: str, *parameters: str) -> Iterator[None]:
    names = {"space": sql.Identifier(space.schema), "table": sql.Identifier(table)}
    connection = psycopg2.connect(space.airflow.laboratory.warehouse_dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(text).format(**names), parameters)
        yield
    finally:
        connection.close()


def wait_until_blocked(run: DagRun, task_id: str) -> int:
    """Wait until a task waits for what is reserved; returns the pid of its database backend."""
    pattern = f"kindred {run.space.name} % {task_id}"
    rows = wait_for(lambda: run.space.query(WAITING, [pattern]), run.describe)
    return int(rows[0][0])


def kill(run: DagRun, task_id: str) -> None:
    """End the process of a running task at once: it cannot clean up, nor say a word."""
    [task] = [entry for entry in run.tasks(task_id) if entry["state"] == "running"]
    process = identify(task["pid"])
    assert process is not None
    assert command_line(process.pid) == f"airflow worker -- {task['id']}"
    process.send(signal.SIGKILL)


def wait_until_backend_is_gone(space: Space, backend: int) -> None:
    """Wait for the end of a database backend, although what it waits for stays reserved."""
    wait_for(
        lambda: space.query(ALIVE, [backend]) == [(False,)],
        lambda: f"backend {backend} lives on without its client",
        BACKEND_SECONDS,
    )
