"""Publish: all parts of a snapshot become visible at once.

A new date is published in two steps. Attaching its partitions changes nothing for readers, since
``snapshots`` and ``current_snapshot`` do not name it yet; a second transaction moves the pointer.
In a single transaction, a query planned just before the commit and executed just after it would
look up the new snapshot with a plan that lacks its partitions, and find no rows. (A prepared
statement in a long transaction may keep such a plan indefinitely: see the statement
``publication/shown_current_partition``.)
"""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from pgvector import Vector
from psycopg2.extras import Json

from kindred.errors import LockTimeoutError
from kindred.maps.cell_rows import insert_cells
from kindred.maps.density import CellCounts
from kindred.recommendations.recommendation_rows import PARENT, aside_of_items
from kindred.run import builds
from kindred.segments.movement_rows import insert_moves
from kindred.segments.profiles.profile_rows import Profiles
from kindred.serving import generations
from kindred.serving.generations import StagedEmbeddings
from kindred.warehouse import partitions
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

NOT_ASKED_FOR = dict.fromkeys(
    (
        "recommendations",
        "item_names",
        "catalogue_as_of",
        "recommendation_methods",
        "audience_members",
        "unchanged_since",
        "mapped",
    )
)
COUNTED_LISTS = ("lookalike_distances", "recommendation_methods")
"""Sent as JSON also where they are empty: the driver sends such a list as an empty object."""
AUDIENCE_MEMBERS = "audience_members"
AUDIENCE_TABLES = ("audiences", "audience_quality", "audience_overlap", "audience_results")
OF_SNAPSHOTS = (
    "cluster_lineage",
    "column_quality",
    "cluster_profiles",
    "cluster_quality",
    "recommended_items",
    "map_quality",
    "map_cells",
    *AUDIENCE_TABLES,
)
"""Tables without partitions, whose rows of a snapshot are replaced."""
PLANNING_GRACE_SECONDS = 2.0
PLANNING_POLL_SECONDS = 0.02


def publish(
    database: Database,
    as_of: datetime,
    *,
    run_id: str,
    counts: dict[str, Any],
    lineage: list[dict[str, Any]],
    profiles: Profiles,
    cells: Mapping[str, CellCounts],
    staged: StagedEmbeddings,
    hide_segments: Callable[[], None] | None = None,
    replace_views: Callable[[], None] | None = None,
    wait_seconds: float,
    memory_mb: int,
) -> bool:
    """Make a snapshot visible; returns whether it is now the current one.

    ``hide_segments`` hides those of other snapshots that readers must not see beside its own.
    ``replace_views`` replaces the views that the snapshot is to be read by, if any has changed.
    If ``counts`` say that it is ``unchanged_since`` another snapshot, readers find its rows there,
    and the ``cells`` of its map.
    Snapshots that share what is replaced get the old rows for themselves, which are indexed with
    ``memory_mb``.

    The caller must hold ``Resource.PUBLISH``. A second call for the same build completes a first
    one that was killed between its two steps, and changes nothing otherwise. For a date that is
    already published, only the partitions that have changed are replaced.
    """
    becomes_current = builds.current(database).is_older_than(as_of)
    filled = [p for p in partitions.PARENTS if partitions.has_aside(database, p, as_of)]
    filled = partitions.drop_unchanged(database, as_of, filled)
    is_replacement = any(partitions.is_attached(database, parent, as_of) for parent in filled)
    _part_from(database, as_of, memory_mb, is_replacement=is_replacement)
    if is_replacement:
        _wait_for_older_transactions(database, wait_seconds)
    elif filled:
        with database.transaction():
            partitions.attach(database, as_of, filled)
        _wait_for_planned_queries(database)
    with database.transaction():
        if becomes_current:
            _apply_embeddings(database, as_of, staged, wait_seconds)
        if is_replacement:
            replace = partial(_replace_partitions, database, as_of, filled)
            partitions.with_short_locks(database, replace, wait_seconds=wait_seconds)
        _set_figures(database, as_of, lineage, profiles, cells)
        if counts.get("recommendations") is not None:
            items = aside_of_items(partitions.aside_name(PARENT, as_of))
            database.run("publication/set_recommended_items", table=items)
        if counts.get("audience_members") is not None:
            _set_audiences(database, as_of)
        _set_published(database, as_of, run_id, counts)
        for moved in profiles.moves:
            insert_moves(database, moved, as_of)
        if hide_segments is not None:
            hide_segments()
        if becomes_current:
            database.run(
                "publication/set_current", {"as_of": as_of, "generation": staged.generation}
            )
            database.run("publication/open_columns", {"as_of": as_of})
        if replace_views is not None and becomes_current:
            # Last, since it locks the views for readers until the commit.
            partitions.with_short_locks(database, replace_views, wait_seconds=wait_seconds)
    _analyze(database, counts, becomes_current=becomes_current)
    return becomes_current


def _set_published(
    database: Database, as_of: datetime, run_id: str, counts: dict[str, Any]
) -> None:
    center = counts["center"] and Vector(counts["center"])
    published = {**NOT_ASKED_FOR, **counts, "as_of": as_of, "run_id": run_id}
    published["center"] = center
    for name in COUNTED_LISTS:
        published[name] = None if published[name] is None else Json(published[name])
    if not database.run("publication/set_published", published):
        raise builds.superseded(as_of, run_id)


def _set_figures(
    database: Database,
    as_of: datetime,
    lineage: list[dict[str, Any]],
    profiles: Profiles,
    cells: Mapping[str, CellCounts],
) -> None:
    """Replace what is kept per snapshot besides its partitions."""
    moment = {"as_of": as_of}
    for table in OF_SNAPSHOTS:
        database.run("publication/delete_snapshot_rows", moment, table=table)
    database.run("publication/set_lineage", moment | {"lineage": Json(lineage)})
    database.run("publication/set_column_quality", moment)
    database.run("publication/set_profiles", moment | {"profiles": Json(profiles.clusters)})
    database.run("publication/set_cluster_quality", moment)
    database.run("publication/set_map_quality", moment)
    insert_cells(database, as_of, cells)


def _analyze(database: Database, counts: dict[str, Any], *, becomes_current: bool) -> None:
    if counts.get("recommendations") is not None:
        database.run("warehouse/analyze_table", table="recommended_items")
    if becomes_current:  # one row, where the planner assumes thousands that views then read
        database.run("warehouse/analyze_table", table="current_snapshot")


def _part_from(
    database: Database, as_of: datetime, memory_mb: int, *, is_replacement: bool
) -> None:
    """Give the snapshots that share another one's partitions a copy, if that one is made anew.

    The oldest of them owns it, and the others share that one's. As for a new date, the copy is
    attached first.
    """
    moment = {"as_of": as_of}
    sharing = [other for (other,) in database.rows("publication/sharing_snapshots", moment)]
    if not sharing or not (is_replacement or database.value("publication/is_made_anew", moment)):
        return
    log.info("%d snapshots share the rows of %s, and keep a copy", len(sharing), as_of.isoformat())
    partitions.copy_attached(database, as_of, sharing[0], memory_mb=memory_mb)
    _wait_for_planned_queries(database)
    with database.transaction():
        database.run("publication/copy_map_cells", {"as_of": as_of, "heir": sharing[0]})
        database.run("publication/set_shared", {"as_of": as_of, "heir": sharing[0]})


def publish_audiences(
    database: Database, as_of: datetime, *, members: int, wait_seconds: float
) -> bool:
    """Replace the audiences of a published snapshot, if they have been made again since.

    The caller must hold ``Resource.PUBLISH``. Returns whether they had been. ``members``: their
    number, with the control groups.
    """
    if not partitions.has_aside(database, AUDIENCE_MEMBERS, as_of):
        return False
    is_same = partitions.is_published_as_filled(database, AUDIENCE_MEMBERS, as_of)
    if not is_same:
        _wait_for_older_transactions(database, wait_seconds)
    with database.transaction():
        if not is_same:
            replace = partial(_replace_partitions, database, as_of, [AUDIENCE_MEMBERS])
            partitions.with_short_locks(database, replace, wait_seconds=wait_seconds)
        for table in AUDIENCE_TABLES:
            database.run("publication/delete_snapshot_rows", {"as_of": as_of}, table=table)
        _set_audiences(database, as_of)
        counted = {"as_of": as_of, "members": members}
        database.run("publication/set_audience_members", counted)
    if is_same:  # last: without it, another try would not know that there is anything to do
        partitions.drop_filled(database, AUDIENCE_MEMBERS, as_of)
    return True


def _set_audiences(database: Database, as_of: datetime) -> None:
    database.run("publication/set_audiences", {"as_of": as_of})
    database.run("publication/set_audience_results", {"as_of": as_of})


def _replace_partitions(database: Database, as_of: datetime, parents: list[str]) -> None:
    partitions.detach(database, as_of, parents)
    partitions.attach(database, as_of, parents)


def roll_back(
    database: Database,
    as_of: datetime,
    target: datetime,
    staged: StagedEmbeddings,
    wait_seconds: float,
    replace_views: Callable[[], None] | None = None,
) -> list[int]:
    """Withdraw the current snapshot and serve an earlier one; returns the withdrawn encoders.

    The caller must hold ``Resource.PUBLISH`` and ``Resource.EMBEDDINGS``.
    """
    with database.transaction():
        _apply_embeddings(database, target, staged, wait_seconds)
        versions = withdraw_snapshot(database, as_of)
        database.run("publication/set_current", {"as_of": target, "generation": staged.generation})
        if replace_views is not None:
            partitions.with_short_locks(database, replace_views, wait_seconds=wait_seconds)
    return versions


def withdraw_snapshot(database: Database, as_of: datetime) -> list[int]:
    """Hide a snapshot, and withdraw the encoders fitted for it that no other snapshot uses."""
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


def _wait_for_planned_queries(database: Database) -> None:
    """Wait until every statement that began before the attach has been planned.

    Most statements end well within the limit; one that runs longer has been planned by then, and
    keeps using the old pointer it read.
    """
    _wait_for_end(database, "publication/readers_of_partitions", PLANNING_GRACE_SECONDS)


def _wait_for_older_transactions(database: Database, wait_seconds: float) -> None:
    """Wait until no transaction has an MVCC snapshot from before the new rows were loaded.

    A repeatable read transaction that began before the load would find an attached partition empty.
    """
    rest = _wait_for_end(database, "publication/holders_of_snapshots", wait_seconds)
    if rest:
        holders = ", ".join(sorted(str(name) for _, _, name in rest))
        raise LockTimeoutError(
            f"transactions that began before the new rows were loaded are still open after"
            f" {wait_seconds:.0f} s and would find a replaced snapshot empty: {holders}; end them"
            " (see pg_stat_activity), then clear task 'publish'"
        )


def _wait_for_end(database: Database, query: str, wait_seconds: float) -> set[tuple[Any, ...]]:
    """Wait until all rows that a query returns now are gone; returns those left at the limit."""
    started = time.monotonic()
    rest = set(database.rows(query))
    if rest:
        log.info("%s: %d transactions to wait for, at most %.0f s", query, len(rest), wait_seconds)
    while rest and time.monotonic() - started <= wait_seconds:
        time.sleep(PLANNING_POLL_SECONDS)
        rest &= set(database.rows(query))
    return rest
