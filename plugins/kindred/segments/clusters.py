"""The result of a clustering, and a numbering of its clusters that is independent of row order."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

NOISE = -1


@dataclass(frozen=True)
class ListMembers:
    """The IVFFlat list of every customer, in customer order.

    ``numbers`` int32 (n,): list numbers from 1 in the order of the index, 0 for customers in no
    list. ``centroid_distances`` float32 (n,): distances as the metric's operator returns them, NaN
    for customers in no list. ``generation``: the generation of the index, None for lists that were
    computed outside the database.
    """

    numbers: np.ndarray
    centroid_distances: np.ndarray
    generation: int | None


@dataclass(frozen=True)
class Clusters:
    """One clustering of all customers, in customer order.

    ``labels`` int32 (n,), -1 for noise. ``membership`` float32 (n,) in [0, 1], 0 for noise.
    ``nearest_labels`` int32 (n,): the customer's own label; for noise, the label of the nearest
    cluster; -1 only if there is no cluster. ``method`` says how the labels were computed.
    ``figures`` holds the values chosen on the way, as plain JSON. ``lists`` is set if the clusters
    are IVFFlat lists.
    """

    labels: np.ndarray
    membership: np.ndarray
    nearest_labels: np.ndarray
    method: str
    figures: dict[str, Any] = field(default_factory=dict)
    lists: ListMembers | None = None


def order_free(clusters: Clusters) -> Clusters:
    """Renumber clusters by falling size; ties go to the cluster with the smaller first row.

    Labels without customers are dropped. ``nearest_labels`` may only contain labels that have
    customers, or -1.
    """
    is_member = clusters.labels != NOISE
    old, first, sizes = np.unique(clusters.labels[is_member], return_index=True, return_counts=True)
    order = np.lexsort((np.flatnonzero(is_member)[first], -sizes))
    renumber = np.full(int(old.max(initial=NOISE)) + 2, NOISE, dtype=np.int32)
    # Shifted by one so that noise (-1) maps to noise.
    renumber[old[order] + 1] = np.arange(len(old), dtype=np.int32)
    return replace(
        clusters,
        labels=renumber[clusters.labels + 1],
        nearest_labels=renumber[clusters.nearest_labels + 1],
    )


def all_noise(rows: int, method: str, **figures: Any) -> Clusters:
    """A clustering without clusters: every customer is noise."""
    return Clusters(
        np.full(rows, NOISE, dtype=np.int32),
        np.zeros(rows, dtype=np.float32),
        np.full(rows, NOISE, dtype=np.int32),
        method,
        figures,
    )
