"""Which new cluster continues which earlier cluster, and the lineage of all clusters."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]

NEW = -1

CONTINUES_SHARE = 0.25
"""A cluster continues another only if they share this fraction of the smaller one's customers."""

DESCENDS_SHARE = 0.5
"""A cluster without a continuation was split from another or merged into it if they share at least
this fraction of the smaller one's customers."""


@dataclass(frozen=True)
class LineageEvent:
    """What happened to one cluster, or to a part of it, from one snapshot to the next.

    ``kept``: the same id in both. ``split``: ``to`` is new and was part of ``from``. ``merged``:
    ``from`` has ended and is part of ``to``. ``born`` has no ``from``; ``died`` has no ``to``.
    Sizes and ``shared`` count customers.
    """

    event: str
    from_cluster_id: int | None
    to_cluster_id: int | None
    from_size: int | None
    to_size: int | None
    shared: int


@dataclass(frozen=True)
class Comparison:
    """The contingency table of the clusters of two snapshots.

    ``sizes`` int64 (labels,) and ``previous_sizes`` int64 (previous,) count customers; ``shared``
    int64 (labels, previous) counts the customers in both clusters.
    """

    sizes: Counts
    previous_sizes: Counts
    shared: Counts

    @property
    def overlap(self) -> NDArray[np.float64]:
        """Overlap coefficient (labels, previous): shared customers over the smaller cluster's."""
        smaller = np.minimum(self.sizes[:, None], self.previous_sizes[None, :])
        return np.asarray(self.shared / np.maximum(smaller, 1))


def match_clusters(comparison: Comparison) -> Counts:
    """Pair clusters one to one so that as many customers as possible keep their cluster.

    Returns
    -------
    ndarray of int64, shape (labels,)
        Column of the cluster that each label continues; -1 for a new one. Only clusters with an
        overlap coefficient of at least ``CONTINUES_SHARE`` may be paired; among these the
        assignment problem is solved exactly (Kuhn 1955; Crouse 2016).

    Notes
    -----
    The overlap coefficient is shared / min(size, previous size) (Szymkiewicz 1934), so that a
    cluster keeps its id when it grows or shrinks. In MONIC (Spiliopoulou et al. 2006) a cluster
    survives if at least half of its customers stay together. Here the assignment already picks the
    best partner, so a lower threshold is enough: an id should survive a shift of the border between
    clusters, but a few customers who moved should not carry it to an unrelated cluster.
    """
    # Imported here because scipy.optimize takes time to import, and most tasks never need it.
    from scipy.optimize import linear_sum_assignment

    weights = np.where(comparison.overlap >= CONTINUES_SHARE, comparison.shared, 0)
    matched = np.full(weights.shape[0], NEW, dtype=np.int64)
    labels, previous = linear_sum_assignment(weights, maximize=True)
    is_match = weights[labels, previous] > 0
    matched[labels[is_match]] = previous[is_match]
    return matched


def trace_lineage(
    comparison: Comparison, cluster_ids: Counts, previous_ids: Counts
) -> list[LineageEvent]:
    """Determine what happened to every cluster.

    Parameters
    ----------
    comparison : Comparison
    cluster_ids : ndarray of int64, shape (labels,)
        Stable ids of the current clusters; no two are equal.
    previous_ids : ndarray of int64, shape (previous,)
        Stable ids of the clusters of the previous snapshot.

    Returns
    -------
    list of LineageEvent
        Every cluster of both snapshots is in at least one event. Splits and merges are as in MONIC
        (Spiliopoulou et al. 2006), detected by an overlap coefficient of at least
        ``DESCENDS_SHARE``: most of a piece comes from its parent, however large the parent is.
    """
    is_related = comparison.overlap >= DESCENDS_SHARE
    events = [
        event
        for label in range(len(cluster_ids))
        for event in _beginnings(comparison, cluster_ids, previous_ids, is_related, label)
    ]
    for column in np.flatnonzero(~np.isin(previous_ids, cluster_ids)):
        events += _ends(comparison, cluster_ids, previous_ids, is_related, int(column))
    return events


def _beginnings(
    comparison: Comparison,
    cluster_ids: Counts,
    previous_ids: Counts,
    is_related: NDArray[np.bool_],
    label: int,
) -> Iterator[LineageEvent]:
    """The events that a new cluster begins with."""
    cluster_id, size = int(cluster_ids[label]), int(comparison.sizes[label])
    same = np.flatnonzero(previous_ids == cluster_id)
    origins = same if len(same) else np.flatnonzero(is_related[label])
    for column in origins:
        yield LineageEvent(
            "kept" if len(same) else "split",
            int(previous_ids[column]),
            cluster_id,
            int(comparison.previous_sizes[column]),
            size,
            int(comparison.shared[label, column]),
        )
    if not len(origins):
        yield LineageEvent("born", None, cluster_id, None, size, 0)


def _ends(
    comparison: Comparison,
    cluster_ids: Counts,
    previous_ids: Counts,
    is_related: NDArray[np.bool_],
    column: int,
) -> Iterator[LineageEvent]:
    """The events of an ended cluster; its parts that are new clusters have ``split`` events."""
    previous_id, size = int(previous_ids[column]), int(comparison.previous_sizes[column])
    heirs = np.flatnonzero(is_related[:, column])
    for label in heirs[np.isin(cluster_ids[heirs], previous_ids)]:
        yield LineageEvent(
            "merged",
            previous_id,
            int(cluster_ids[label]),
            size,
            int(comparison.sizes[label]),
            int(comparison.shared[label, column]),
        )
    if not len(heirs):
        yield LineageEvent("died", previous_id, None, size, None, 0)
