"""Stops a task in the middle of its body, and ends it the hard way."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from psycopg2 import sql
from real_airflow import DagRun, Space, wait_for

from benchmarks import stopped_tasks


@contextmanager
def reserved(space: Space, table: str) -> Iterator[None]:
    """Let nobody write to a table of the space."""
    with stopped_tasks.reserved(space.airflow.laboratory.warehouse_dsn, space.schema, table):
        yield


@contextmanager
def reserved_part(space: Space, table: str, part: str) -> Iterator[None]:
    """Let nobody note that a part of a table has been loaded."""
    row = sql.SQL("insert into {} values (%s, %s, 'none', 0)")
    statement = row.format(sql.Identifier(space.schema, "loaded_parts"))
    dsn = space.airflow.laboratory.warehouse_dsn
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(statement, (table, part))
        yield


def wait_until_blocked(run: DagRun, task_id: str) -> int:
    """Wait until a task waits for what is reserved; returns the pid of its database backend."""
    pattern = f"kindred {run.space.name} % {task_id}"
    rows = wait_for(lambda: run.space.query(stopped_tasks.WAITING, [pattern]), run.describe)
    return int(rows[0][0])


def kill(run: DagRun, task_id: str) -> None:
    """End the process of a running task at once: it cannot clean up, nor say a word."""
    [task] = [entry for entry in run.tasks(task_id) if entry["state"] == "running"]
    stopped_tasks.kill(task)


def wait_until_backend_is_gone(space: Space, backend: int) -> None:
    """Wait for the end of a database backend, although what it waits for stays reserved."""
    stopped_tasks.wait_until_backend_is_gone(space.airflow.laboratory.warehouse_dsn, backend)
