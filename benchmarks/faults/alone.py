"""What must hold while audiences are missing that a fault has broken: they have failed alone."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

from benchmarks.faults.harm import Scene
from benchmarks.faults.room import Room
from kindred.audiences.status import Status
from kindred.spec.model import Spec

STATEMENT = Path(__file__).parents[1] / "sql" / "read_audiences.sql"
QUIET = "was it killed?"


def problems_of(scene: Scene, audience: str) -> Iterator[str]:
    """Audiences that are neither as undisturbed nor failed, with a reason and an alert.

    Others may be hit too, since the tasks of a space share a disk.
    """
    found, expected = (_audiences(room, scene.spec) for room in (scene.room, scene.room.apart))
    told = scene.run.log("join_audiences")
    if found.keys() != expected.keys():
        yield f"the audiences are {sorted(found)}, not {sorted(expected)}"
    if found.get(audience) == expected[audience]:
        yield f"audience {audience} has not failed"
    for name, (status, reason, members) in found.items():
        if (status, reason, members) == expected.get(name):
            continue
        if (status, members) != (Status.FAILED, None) or not reason or QUIET in reason:
            yield f"audience {name} is {status}, because: {reason}"
        if "audiences failed in train_audience" not in told or f"{name}: " not in told:
            yield f"no alert names audience {name}"


def _audiences(room: Room, spec: Spec) -> dict[str, tuple[Any, ...]]:
    """Status, reason and a hash of the members of each audience in the current snapshot."""
    statement = sql.SQL(STATEMENT.read_text(encoding="utf-8")).format(
        bi=sql.Identifier(spec.bi_schema)
    )
    with closing(psycopg2.connect(room.warehouse_dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return {name: tuple(rest) for name, *rest in cursor.fetchall()}
