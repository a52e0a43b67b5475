"""Stable cluster ids: tonight's labels matched to the clusters of the reference snapshot."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.cluster.identity import match_clusters
from kindred.store.binary import Array, Column, Field, RowStream, encode_rows
from kindred.store.database import Database
from kindred.store.keys import KeyType

NOISE = -1


@dataclass(frozen=True)
class LineageEvent:
    """What became of one cluster: kept, born, or died with the reference's size."""

    cluster_id: int
    event: str
    size: int
    shared: int


@dataclass(frozen=True)
class StableIds:
    """``cluster_ids[label]`` is the stable id of a label; ``lineage`` tells what happened."""

    cluster_ids: NDArray[np.int64]
    reference: datetime | None
    lineage: list[LineageEvent]

    def of(self, labels: NDArray[np.int32]) -> NDArray[np.int64]:
        """Stable ids of labels; noise stays noise."""
        return np.append(self.cluster_ids, NOISE)[labels]

    def lineage_json(self) -> list[dict[str, Any]]:
        """The lineage as plain JSON."""
        reference = None if self.reference is None else self.reference.isoformat()
        return [{"reference_as_of": reference, **asdict(event)} for event in self.lineage]


def stable_ids(
    database: Database,
    key_type: KeyType,
    algorithm: str,
    as_of: datetime,
    customers: Array,
    labels: NDArray[np.int32],
) -> StableIds:
    """Match labels to the reference's clusters and give new clusters ids never used before.

    Must be called under ``Resource.CLUSTER_IDS``. The reference is the snapshot itself where it has
    been published, else the nearest earlier, else the nearest later published one.
    """
    sizes = np.bincount(labels[labels >= 0]) if (labels >= 0).any() else np.empty(0, dtype=int)
    reference = database.value("snapshots/reference", {"as_of": as_of})
    names = {"reference": reference, "algorithm": algorithm, "as_of": as_of}
    previous = [] if reference is None else database.rows("clusters/reference_sizes", names)
    with database.transaction():
        overlap = np.zeros((len(sizes), len(previous)), dtype=np.int64)
        if overlap.size:
            _count_overlap(database, key_type, names, customers, labels, previous, overlap)
        matched = match_clusters(overlap)
        cluster_ids = np.array(
            [previous[column][0] if column >= 0 else NOISE for column in matched], dtype=np.int64
        )
        new = np.flatnonzero(matched < 0)
        cluster_ids[new] = _new_ids(database, names, len(new), {row[0] for row in previous})
    lineage = _lineage(matched, cluster_ids, sizes, previous, overlap)
    return StableIds(cluster_ids, reference, lineage)


def _count_overlap(
    database: Database,
    key_type: KeyType,
    names: dict[str, Any],
    customers: Array,
    labels: NDArray[np.int32],
    previous: list[tuple[Any, ...]],
    overlap: NDArray[np.int64],
) -> None:
    table = "labels_to_match"
    database.run("clusters/create_labels", labels=table)
    chunk = encode_rows([key_type.column(customers), Column(Field.INT4, labels)])
    database.copy_in(table, ("customer_id", "label"), RowStream([chunk]))
    column_of = {cluster_id: column for column, (cluster_id, _) in enumerate(previous)}
    for label, cluster_id, shared in database.rows("clusters/overlap", names, labels=table):
        overlap[label, column_of[cluster_id]] = shared


def _new_ids(
    database: Database, names: dict[str, Any], count: int, published: set[int]
) -> list[int]:
    """Ids for the clusters that are born; a task that runs again finds those of its first try.

    An id that the reference has published is no first try's: it names a cluster of its own, also
    where a published date is run again and that cluster has died.
    """
    given = sorted(database.rows("clusters/born_ids", names))
    ids = [cluster_id for _, cluster_id in given if cluster_id not in published]
    birth_order = given[-1][0] + 1 if given else 0
    for order in range(birth_order, birth_order + count - len(ids)):
        cluster_id = database.value("clusters/next_id", names)
        parameters = {**names, "cluster_id": cluster_id, "birth_order": order}
        database.run("clusters/give_id", parameters)
        ids.append(cluster_id)
    return ids[:count]


def _lineage(
    matched: NDArray[np.int64],
    cluster_ids: NDArray[np.int64],
    sizes: NDArray[np.int64],
    previous: list[tuple[Any, ...]],
    overlap: NDArray[np.int64],
) -> list[LineageEvent]:
    events = [
        LineageEvent(
            int(cluster_ids[label]),
            "kept" if column >= 0 else "born",
            int(sizes[label]),
            int(overlap[label, column]) if column >= 0 else 0,
        )
        for label, column in enumerate(matched)
    ]
    survivors = set(matched.tolist())
    events += [
        LineageEvent(int(cluster_id), "died", int(size), 0)
        for column, (cluster_id, size) in enumerate(previous)
        if column not in survivors
    ]
    return events
