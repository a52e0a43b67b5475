"""Rows of ``cluster_moves``: who moved from which segment to which one between two snapshots.

They are counted once and kept with when both snapshots were published, since dates come in any
order, again, or not at all. What another one has come between, or been published again, is counted
by readers' views until `count_missing` has done so.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kindred.run import builds
from kindred.segments.label_rows import PARENT
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

MOST_COUNTED = 6
"""Pairs of snapshots, per algorithm, that one run counts: a million customers take 1.5 s each."""

Move = tuple[int | None, int | None, int]
"""Label before (None: new), label now (None: gone), customers."""


@dataclass(frozen=True)
class Moves:
    """The moves between two published snapshots, or to one that is being built.

    ``published_at``: when the earlier one had been published. Both moments are in ISO format.
    """

    algorithm: str
    from_as_of: str
    published_at: str
    moves: Sequence[Move]

    def common(self) -> list[tuple[int, int, int]]:
        """Customers of both snapshots: label now, label before, customers."""
        found = ((b, a, n) for a, b, n in self.moves)
        return [(b, a, n) for b, a, n in found if a is not None and b is not None]


def moves_to(
    database: Database, table: str, as_of: datetime, algorithm: str, previous: datetime
) -> Moves:
    """Count who moved from the segments of a published snapshot to those in a table."""
    published_at = builds.published_at(database, previous)  # first: then another one is noticed
    places = {
        "algorithm": algorithm,
        "from_stored_as_of": builds.stored_as_of(database, previous),
        "to_stored_as_of": as_of,
    }
    return _counted(database, table, previous, published_at, places)


def _counted(
    database: Database,
    table: str,
    from_as_of: datetime,
    published_at: datetime,
    places: Mapping[str, Any],
) -> Moves:
    rows = database.rows("segments/moves_between", dict(places), table=table)
    moments = from_as_of.isoformat(), published_at.isoformat()
    return Moves(places["algorithm"], *moments, [(a, b, n) for a, b, n in rows])


def insert_moves(
    database: Database, found: Moves, as_of: datetime, published_at: datetime | None = None
) -> None:
    """Keep the moves to a snapshot; by default to one that this transaction publishes."""
    moved = {
        "from_labels": [before for before, _, _ in found.moves],
        "to_labels": [after for _, after, _ in found.moves],
        "customers": [customers for _, _, customers in found.moves],
        "from_customers": sum(n for before, _, n in found.moves if before is not None),
        "to_customers": sum(n for _, after, n in found.moves if after is not None),
    }
    names = {
        "algorithm": found.algorithm,
        "from_as_of": found.from_as_of,
        "from_published_at": found.published_at,
        "to_as_of": as_of,
        "to_published_at": published_at,
    }
    database.run("segments/insert_moves", names | moved)


def count_missing(database: Database, most: int = MOST_COUNTED) -> int:
    """Count who moved where between snapshots for which that is not known, the newest first.

    Counts that no longer hold are deleted. Returns how many pairs were counted, per algorithm.
    """
    database.run("segments/delete_outdated_moves")
    pairs = database.records("segments/uncounted_moves", {"most": most})
    for pair in pairs:
        found = _counted(database, PARENT, pair["from_as_of"], pair["from_published_at"], pair)
        with database.transaction():
            insert_moves(database, found, pair["to_as_of"], pair["to_published_at"])
    if pairs:
        log.info("counted who moved between %d pairs of snapshots", len(pairs))
    return len(pairs)
