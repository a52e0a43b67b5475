"""What a clustering returns, and the numbering that depends on nothing but the clusters."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

NOISE = -1


@dataclass(frozen=True)
class ListMembers:
    """The IVFFlat lists that clusters are, in customer order.

    ``numbers`` int32 (n,), from 1 in the order of the index, 0 for who is in none;
    ``center_distances`` float32 (n,) as the metric's operator gives them, NaN for who is in none;
    ``generation`` is that of the index, None for lists that were found outside.
    """

    numbers: np.ndarray
    center_distances: np.ndarray
    generation: int | None


@dataclass(frozen=True)
class Clusters:
    """One clustering of all customers, in customer order.

    ``labels`` int32 (n,), -1 for noise; ``membership`` float32 (n,) in [0, 1], 0 for noise;
    ``nearest_labels`` int32 (n,): the label itself, for noise that of the nearest cluster, -1 only
    if there is no cluster; ``method`` says how the labels came about, ``figures`` what was chosen
    on the way, as plain JSON; ``lists`` where the clusters are IVFFlat lists.
    """

    labels: np.ndarray
    membership: np.ndarray
    nearest_labels: np.ndarray
    method: str
    figures: dict[str, Any] = field(default_factory=dict)
    lists: ListMembers | None = None


def order_free(clusters: Clusters) -> Clusters:
    """Renumber: label 0 is the largest cluster; of equal ones, that with the smallest row first.

    Every label that no customer has disappears, also from ``nearest_labels``, which must name
    labels that customers have.
    """
    is_member = clusters.labels != NOISE
    old, first, sizes = np.unique(clusters.labels[is_member], return_index=True, return_counts=True)
    order = np.lexsort((np.flatnonzero(is_member)[first], -sizes))
    renumber = np.full(int(old.max(initial=NOISE)) + 2, NOISE, dtype=np.int32)
    # Shifted by one, so that noise maps to noise.
    renumber[old[order] + 1] = np.arange(len(old), dtype=np.int32)
    return replace(
        clusters,
        labels=renumber[clusters.labels + 1],
        nearest_labels=renumber[clusters.nearest_labels + 1],
    )


def all_noise(rows: int, method: str, **figures: Any) -> Clusters:
    """No cluster at all."""
    return Clusters(
        np.full(rows, NOISE, dtype=np.int32),
        np.zeros(rows, dtype=np.float32),
        np.full(rows, NOISE, dtype=np.int32),
        method,
        figures,
    )
