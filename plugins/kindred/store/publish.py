"""Publish: everything a snapshot consists of becomes visible at once, and nothing before.

A new date goes in two steps. Attaching its partitions changes nothing that a reader sees, since
``snapshots`` and ``current_snapshot`` do not name it yet; the pointer moves in a second
transaction. In one transaction a query that was planned just before the commit and run just after
it would look for the new snapshot in partitions it does not know, and find nothing.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from psycopg2.extras import Json

from kindred.store import embeddings, partitions, snapshots
from kindred.store.database import Database

log = logging.getLogger(__name__)

PLANNING_GRACE_SECONDS = 2.0
PLANNING_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class StagedEmbeddings:
    """What ``build_embeddings`` has prepared: ``skip``, ``delta`` or ``generation``.

    A delta holds for the generation it was compared with (``base_generation``) only.
    """

    mode: str
    generation: int | None = None
    table: str | None = None
    base_generation: int | None = None


def publish(
    database: Database,
    as_of: datetime,
    *,
    run_id: str,
    counts: dict[str, Any],
    lineage: list[dict[str, Any]],
    staged: StagedEmbeddings,
    wait_seconds: float,
) -> bool:
    """Make a snapshot visible; returns whether it is the current one now.

    Must be called under ``Resource.PUBLISH``. A second call for the same build changes nothing but
    repairs a first one that was killed between its two steps.
    """
    becomes_current = snapshots.current(database).is_older_than(as_of)
    is_replacement = bool(
        database.value(
            "partitions/is_attached",
            {"table": partitions.partition_name(partitions.PARENTS[0], as_of)},
        )
    )
    has_aside = bool(
        database.rows(
            "versions/columns", {"table": partitions.aside_name(partitions.PARENTS[0], as_of)}
        )
    )
    if has_aside and not is_replacement:
        with database.transaction():
            partitions.attach(database, as_of)
        _let_planned_queries_finish(database)
    with database.transaction():
        if becomes_current:
            _apply_embeddings(database, staged, wait_seconds)
        if has_aside and is_replacement:
            partitions.with_short_locks(
                database, lambda: _replace_partitions(database, as_of), wait_seconds=wait_seconds
            )
        database.run("publish/forget_lineage", {"as_of": as_of})
        database.run("publish/set_lineage", {"as_of": as_of, "lineage": Json(lineage)})
        database.run("publish/set_published", {"as_of": as_of, "run_id": run_id, **counts})
        if becomes_current:
            database.run("publish/set_current", {"as_of": as_of, "generation": staged.generation})
    return becomes_current


def _replace_partitions(database: Database, as_of: datetime) -> None:
    partitions.detach(database, as_of)
    partitions.attach(database, as_of)


def _apply_embeddings(database: Database, staged: StagedEmbeddings, wait_seconds: float) -> None:
    if staged.mode == "delta" and staged.table is not None:
        serving = str(snapshots.current(database).table_name)
        embeddings.apply_delta(database, serving, staged.table)
    elif staged.mode == "generation" and staged.table is not None and staged.generation is not None:
        serve = partial(embeddings.serve_generation, database, staged.generation, staged.table)
        partitions.with_short_locks(database, serve, wait_seconds=wait_seconds)


def _let_planned_queries_finish(database: Database) -> None:
    """Wait until every statement that began before the attach has been planned.

    Statements end long before the limit; one that runs longer was planned long ago and keeps the
    old pointer it has read.
    """
    attached_at = database.value("publish/clock")
    started = time.monotonic()
    while database.value("publish/count_older_statements", {"moment": attached_at}):
        if time.monotonic() - started > PLANNING_GRACE_SECONDS:
            return
        time.sleep(PLANNING_POLL_SECONDS)
