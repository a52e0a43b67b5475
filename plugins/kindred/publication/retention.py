"""Retention: hide snapshots for good, and drop their partitions without blocking readers."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg2.errors

from kindred.run.schedule_edges import previous_edge
from kindred.spec.schedules import schedule_of
from kindred.warehouse import partitions, statements
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

DETACH_PATIENCE_MILLISECONDS = 5_000
"""How long to wait for readers of a partition to detach; the next run tries again.

Kept short, because meanwhile no partition can be attached to the table.
"""


@dataclass(frozen=True)
class Published:
    """A published snapshot.

    ``is_backfill``: a backfill made it, on request; ``is_night``: its ``as_of`` is one of the
    schedule, and not the odd end that somebody gave to a manual run.
    """

    as_of: datetime
    is_backfill: bool
    is_night: bool


def published(database: Database) -> list[Published]:
    """All published snapshots, oldest first."""
    return [
        Published(as_of, is_backfill, schedule is None or _is_time_of(schedule, as_of))
        for as_of, is_backfill, schedule in database.rows("publication/published_snapshots")
    ]


def _is_time_of(recorded: str | dict[str, str], as_of: datetime) -> bool:
    return previous_edge(schedule_of(recorded), as_of) == as_of


def nights(database: Database) -> list[datetime]:
    """The published snapshots that count as nights, oldest first."""
    return [snapshot.as_of for snapshot in published(database) if snapshot.is_night]


def hide(database: Database, as_ofs: Sequence[datetime]) -> list[datetime]:
    """Mark published snapshots as pruned, but never the current one; returns those marked.

    The caller must hold ``Resource.PUBLISH``.
    """
    rows = database.rows("publication/set_pruned", {"as_ofs": list(as_ofs)})
    return sorted(as_of for (as_of,) in rows)


def drop_hidden(database: Database, before: datetime | None) -> int:
    """Drop the partitions of pruned snapshots, and of withdrawn ones older than ``before``.

    Those that a published snapshot shares stay for as long as it does. The caller must hold
    ``Resource.PUBLISH`` and be outside a transaction. Waits briefly for
    readers: a partition still being read, or of a snapshot that an open transaction still sees, is
    left to the next call, which also completes a call that was killed.
    """
    holders = statements.compose("publication/holders_of_snapshots")
    found = database.rows("publication/hidden_snapshots", {"before": before}, holders=holders)
    hidden = [(as_of, is_shared) for as_of, is_shared, _ in found]
    seen = {as_of for as_of, _, is_seen in found if is_seen}
    if seen:
        log.info(
            "%d hidden snapshots are seen by open transactions; the next run removes them",
            len(seen),
        )
    dropped = 0
    database.run("publication/delete_pruned_profiles")
    hidden_as_ofs = {"as_ofs": [as_of for as_of, _ in hidden]}
    unshared = {"as_ofs": [as_of for as_of, is_shared in hidden if not is_shared]}
    database.run("publication/delete_map_cells", unshared)
    database.run("publication/delete_recommended_items", hidden_as_ofs)
    database.run("publication/delete_audiences", hidden_as_ofs)
    database.run("segments/delete_samples", hidden_as_ofs)
    database.run("publication/delete_audience_ids", {"before": before})
    database.run("publication/delete_pruned_results")
    partitions.set_lock_timeout(database, DETACH_PATIENCE_MILLISECONDS, is_local=False)
    for parent in partitions.PARENTS:
        wanted = {
            partitions.partition_name(parent, as_of)
            for as_of, is_shared in hidden
            if not (is_shared and parent in partitions.SHARED)
        }
        kept = {partitions.partition_name(parent, as_of) for as_of in seen}
        dropped += _drop_all(database, parent, wanted, kept)
    partitions.set_lock_timeout(database, 0, is_local=False)
    return dropped


def _drop_all(database: Database, parent: str, wanted: set[str], kept: set[str]) -> int:
    """Drop partitions one by one, up to the first that is still being read; returns how many.

    Those to be ``kept`` for now are passed over.
    """
    dropped = 0
    for (partition,) in database.rows("publication/partitions_of_snapshot", {"parent": parent}):
        if partition not in wanted:
            continue
        is_detaching = database.value("warehouse/is_detaching", {"table": partition})
        if partition in kept:
            if is_detaching:  # the others must wait for it
                break
            continue
        detach = "warehouse/finish_detach" if is_detaching else "publication/detach_concurrently"
        try:
            database.run(detach, parent=parent, partition=partition)
        except psycopg2.errors.LockNotAvailable:
            # PostgreSQL detaches one partition of a table at a time: the others must wait.
            log.info("%s is being read; the next run removes it", partition)
            break
        dropped += partitions.drop_unless_read(database, partition)
    return dropped
