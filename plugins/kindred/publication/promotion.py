"""Publish: everything a snapshot consists of becomes visible at once, and nothing before.

A new date goes in two steps. Attaching its partitions changes nothing that a reader sees, since
``snapshots`` and ``current_snapshot`` do not name it yet; the pointer moves in a second
transaction. In one transaction a query that was planned just before the commit and run just after
it would look for the new snapshot in partitions it does not know, and find nothing. (A prepared
statement in a long transaction may keep such a plan at any length: see ``bi/lookalikes_current``.)
"""

import logging
import time
from datetime import datetime
from functools import partial
from typing import Any

from pgvector import Vector
from psycopg2.extras import Json

from kindred.errors import LockTimeoutError
from kindred.run import builds
from kindred.serving import generations
from kindred.serving.staged_embeddings import StagedEmbeddings
from kindred.warehouse import partitions
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

PLANNING_GRACE_SECONDS = 2.0
PLANNING_POLL_SECONDS = 0.02


def publish(
    database: Database,
    as_of: datetime,
    *,
    run_id: str,
    counts: dict[str, Any],
    lineage: list[dict[str, Any]],
    profiles: list[dict[str, Any]],
    staged: StagedEmbeddings,
    wait_seconds: float,
) -> bool:
    """Make a snapshot visible; returns whether it is the current one now.

    Must be called under ``Resource.PUBLISH``. A second call for the same build changes nothing but
    repairs a first one that was killed between its two steps. Of a date that is published already
    only the partitions are replaced that have changed.
    """
    becomes_current = builds.current(database).is_older_than(as_of)
    filled = [p for p in partitions.PARENTS if partitions.has_aside(database, p, as_of)]
    filled = partitions.drop_unchanged(database, as_of, filled)
    is_replacement = any(partitions.is_attached(database, parent, as_of) for parent in filled)
    if is_replacement:
        _let_older_snapshots_end(database, wait_seconds)
    elif filled:
        with database.transaction():
            partitions.attach(database, as_of, filled)
        _let_planned_queries_finish(database)
    with database.transaction():
        if becomes_current:
            _apply_embeddings(database, as_of, staged, wait_seconds)
        if is_replacement:
            replace = partial(_replace_partitions, database, as_of, filled)
            partitions.with_short_locks(database, replace, wait_seconds=wait_seconds)
        for table in ("cluster_lineage", "column_quality", "cluster_profiles", "cluster_quality"):
            database.run("publication/delete_snapshot_rows", {"as_of": as_of}, table=table)
        database.run("publication/set_lineage", {"as_of": as_of, "lineage": Json(lineage)})
        database.run("publication/set_column_quality", {"as_of": as_of})
        database.run("publication/set_profiles", {"as_of": as_of, "profiles": Json(profiles)})
        database.run("publication/set_cluster_quality", {"as_of": as_of})
        center = Vector(counts["center"])
        published = {"as_of": as_of, "run_id": run_id, **counts, "center": center}
        if not database.run("publication/set_published", published):
            raise builds.superseded(as_of, run_id)
        if becomes_current:
            database.run(
                "publication/set_current", {"as_of": as_of, "generation": staged.generation}
            )
    return becomes_current


def _replace_partitions(database: Database, as_of: datetime, parents: list[str]) -> None:
    partitions.detach(database, as_of, parents)
    partitions.attach(database, as_of, parents)


def go_back(
    database: Database,
    as_of: datetime,
    target: datetime,
    staged: StagedEmbeddings,
    wait_seconds: float,
) -> list[int]:
    """Take the current snapshot back and let an earlier one serve; returns the encoders taken back.

    Must be called under ``Resource.PUBLISH`` and ``Resource.EMBEDDINGS``.
    """
    with database.transaction():
        _apply_embeddings(database, target, staged, wait_seconds)
        versions = take_back(database, as_of)
        database.run("publication/set_current", {"as_of": target, "generation": staged.generation})
    return versions


def take_back(database: Database, as_of: datetime) -> list[int]:
    """Hide a snapshot, and take back the encoders that were fitted for it alone."""
    database.run("publication/set_withdrawn", {"as_of": as_of})
    return [
        version for (version,) in database.rows("publication/withdraw_encoder", {"as_of": as_of})
    ]


def _apply_embeddings(
    database: Database, as_of: datetime, staged: StagedEmbeddings, wait_seconds: float
) -> None:
    if staged.mode == "delta" and staged.table is not None:
        serving = str(builds.current(database).table_name)
        generations.apply_delta(database, serving, staged.table)
    elif staged.mode == "generation" and staged.table is not None and staged.generation is not None:
        serve = partial(
            generations.serve_generation, database, staged.generation, staged.table, as_of
        )
        partitions.with_short_locks(database, serve, wait_seconds=wait_seconds)


def _let_planned_queries_finish(database: Database) -> None:
    """Wait until every statement that began before the attach has been planned.

    Statements end long before the limit; one that runs longer was planned long ago and keeps the
    old pointer it has read.
    """
    _wait_for_end(database, "publication/readers_of_partitions", PLANNING_GRACE_SECONDS)


def _let_older_snapshots_end(database: Database, wait_seconds: float) -> None:
    """Wait until no transaction sees the database as it was before the new rows were loaded.

    To a repeatable read transaction from before the load an attached partition looks empty.
    """
    rest = _wait_for_end(database, "publication/holders_of_snapshots", wait_seconds)
    if rest:
        holders = ", ".join(sorted(str(name) for _, _, name in rest))
        raise LockTimeoutError(
            f"transactions from before the new rows have been open for more than {wait_seconds:.0f}"
            f" s, and would find a replaced snapshot empty: {holders}; end them (see"
            " pg_stat_activity), then clear task 'publish'"
        )


def _wait_for_end(database: Database, query: str, wait_seconds: float) -> set[tuple[Any, ...]]:
    """Wait until none of the rows that a query gives now is left; returns those that are."""
    started = time.monotonic()
    rest = set(database.rows(query))
    if rest:
        log.info("%s: %d transactions to wait for, at most %.0f s", query, len(rest), wait_seconds)
    while rest and time.monotonic() - started <= wait_seconds:
        time.sleep(PLANNING_POLL_SECONDS)
        rest &= set(database.rows(query))
    return rest
