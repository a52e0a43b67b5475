"""Stable cluster ids: new labels matched to the clusters of the reference snapshot."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.errors import SupersededError
from kindred.run import builds
from kindred.segments.identity.matching import (
    NEW,
    Comparison,
    Counts,
    LineageEvent,
    match_clusters,
    trace_lineage,
)
from kindred.warehouse.copy_writer import Array, Column, Field, RowStream, encode_rows
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType

NOISE = -1
LABELS = "labels_to_match"


@dataclass(frozen=True)
class StableIds:
    """The stable ids of one clustering and their lineage.

    ``cluster_ids[label]`` is the stable id of a label. ``reference`` is the snapshot whose ids were
    continued, ``lineage_from`` the earlier snapshot where the lineage starts, and ``relinks`` the
    number of relinks before the ids were chosen.
    """

    cluster_ids: NDArray[np.int64]
    reference: datetime | None
    lineage_from: datetime | None
    lineage: list[LineageEvent]
    relinks: int

    def of(self, labels: NDArray[np.int32]) -> NDArray[np.int64]:
        """Stable ids of labels; noise stays noise."""
        return np.append(self.cluster_ids, NOISE)[labels]

    def lineage_json(self) -> list[dict[str, Any]]:
        """The lineage as plain JSON."""
        return lineage_json(self.lineage, self.lineage_from)


def lineage_json(
    events: Iterable[LineageEvent], reference: datetime | None
) -> list[dict[str, Any]]:
    """Events as plain JSON, in the format that ``publication/set_lineage`` reads."""
    before = None if reference is None else reference.isoformat()
    return [{"reference_as_of": before, **asdict(event)} for event in events]


def stable_ids(
    database: Database,
    key_type: KeyType,
    algorithm: str,
    as_of: datetime,
    customers: Array,
    labels: NDArray[np.int32],
) -> StableIds:
    """Match labels to the reference's clusters, and give new clusters ids never used before.

    Must be called under ``Resource.CLUSTER_IDS``. The reference is the snapshot itself if it has
    been published, else the nearest earlier published one, else the nearest later one. The lineage
    always starts from the nearest earlier one. Only snapshots with the algorithm count.
    """
    sizes = np.bincount(labels[labels >= 0]).astype(np.int64)
    names = {"algorithm": algorithm, "as_of": as_of}
    published = [row[0] for row in database.rows("segments/snapshots_with_algorithm", names)]
    earlier = max((other for other in published if other < as_of), default=None)
    reference = as_of if as_of in published else earlier or min(published, default=None)
    with database.transaction():
        if reference is not None:
            _load_labels(database, key_type, customers, labels)
        ids, comparison = _compare(database, algorithm, reference, sizes)
        matched = match_clusters(comparison)
        cluster_ids = np.full(len(sizes), NOISE, dtype=np.int64)
        cluster_ids[matched != NEW] = ids[matched[matched != NEW]]
        new = np.flatnonzero(matched == NEW)
        cluster_ids[new] = _new_ids(database, names, len(new), set(ids.tolist()))
        if earlier != reference:
            ids, comparison = _compare(database, algorithm, earlier, sizes)
    lineage = trace_lineage(comparison, cluster_ids, ids)
    return StableIds(cluster_ids, reference, earlier, lineage, count_relinks(database))


def _load_labels(
    database: Database, key_type: KeyType, customers: Array, labels: NDArray[np.int32]
) -> None:
    database.run("segments/create_matched_labels", labels=LABELS)
    chunk = encode_rows([key_type.column(customers), Column(Field.INT4, labels)])
    database.copy_in(LABELS, ("customer_id", "label"), RowStream([chunk]))


def _compare(
    database: Database, algorithm: str, reference: datetime | None, sizes: Counts
) -> tuple[Counts, Comparison]:
    """Ids of the clusters of a published snapshot, and the new labels compared with them."""
    stored = None if reference is None else builds.stored_as_of(database, reference)
    names = {"reference": stored, "algorithm": algorithm}
    previous = [] if reference is None else database.rows("segments/reference_sizes", names)
    shared = np.zeros((len(sizes), len(previous)), dtype=np.int64)
    if shared.size:
        column_of = {cluster_id: column for column, (cluster_id, _) in enumerate(previous)}
        for label, cluster_id, count in database.rows(
            "segments/label_overlap", names, labels=LABELS
        ):
            shared[label, column_of[cluster_id]] = count
    ids, previous_sizes = np.array(previous, dtype=np.int64).reshape(-1, 2).T
    return ids, Comparison(sizes, previous_sizes, shared)


def _new_ids(
    database: Database, names: dict[str, Any], count: int, published: set[int]
) -> list[int]:
    """Ids for new clusters; a task that runs again reuses the ids of its first try.

    An id published by the reference is not reused: it belongs to a cluster of its own, even if a
    published date is run again and that cluster has died.
    """
    given = sorted(database.rows("segments/born_ids", names))
    ids = [cluster_id for _, cluster_id in given if cluster_id not in published]
    birth_order = given[-1][0] + 1 if given else 0
    for order in range(birth_order, birth_order + count - len(ids)):
        cluster_id = database.value("segments/next_id", names)
        parameters = {**names, "cluster_id": cluster_id, "birth_order": order}
        database.run("segments/give_id", parameters)
        ids.append(cluster_id)
    return ids[:count]


def count_relinks(database: Database) -> int:
    """How many times the ids of published snapshots have been relinked."""
    return int(database.value("segments/count_relinks") or 0)


def require_same_links(database: Database, as_of: datetime, relinks: int) -> None:
    """Reject ids derived from ids that have since been renumbered.

    Raises
    ------
    SupersededError
        Ids have been relinked since ``relinks`` was counted.
    """
    found = count_relinks(database)
    if found != relinks:
        raise SupersededError(
            f"the cluster ids of snapshot {as_of.isoformat()} continue ids that 'kindred relink'"
            f" has changed since (they know of relink {relinks}, the newest is {found});"
            " clear task 'cluster'"
        )
