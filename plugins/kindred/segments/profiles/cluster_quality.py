"""Quality of a clustering: silhouette, stability, and shares of noise and clusters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kindred.neighbours.distances import normalised
from kindred.run.threads import one_library_thread
from kindred.segments.clusters import NOISE
from kindred.spec.metrics import Metric

SILHOUETTE_SAMPLE = 2000
"""Customers in the sample; their pairwise distances take 32 MB."""


@dataclass(frozen=True)
class ClusterQuality:
    """Measures of one clustering; shares are from 0 to 1, and 0 if there is no cluster.

    ``stability`` is the adjusted Rand index with an earlier clustering, over the
    ``stability_customers`` that are in both.
    """

    customers: int
    clusters: int
    noise_share: float
    largest_share: float
    smallest_share: float
    silhouette: float | None
    silhouette_sample: int
    stability: float | None
    stability_customers: int


def measure_quality(
    vectors: NDArray[np.float32],
    labels: NDArray[np.int32],
    metric: Metric,
    common: Sequence[tuple[int, int, int]],
    *,
    seed: int,
) -> ClusterQuality:
    """Measure the quality of a clustering.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    labels : ndarray of int32, shape (rows,)
        Noise is -1.
    metric : Metric
    common : sequence of (label, earlier cluster, customers)
        See `adjusted_rand_index`; empty without an earlier clustering.
    seed : int
        See `measure_silhouette`.
    """
    sizes = np.unique(labels[labels != NOISE], return_counts=True)[1]
    rows = max(1, len(labels))
    silhouette, sample_size = measure_silhouette(vectors, labels, metric, seed=seed)
    stability, customers = adjusted_rand_index(common)
    return ClusterQuality(
        customers=len(labels),
        clusters=len(sizes),
        noise_share=float((labels == NOISE).sum() / rows),
        largest_share=float(sizes.max(initial=0) / rows),
        smallest_share=float(sizes.min() / rows) if len(sizes) else 0.0,
        silhouette=silhouette,
        silhouette_sample=sample_size,
        stability=stability,
        stability_customers=customers,
    )


def measure_silhouette(
    vectors: NDArray[np.float32], labels: NDArray[np.int32], metric: Metric, *, seed: int
) -> tuple[float | None, int]:
    """Mean silhouette (Rousseeuw 1987) of a random sample, within the sample.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    labels : ndarray of int32, shape (rows,)
        Noise (-1) is left out.
    metric : Metric
        For cosine the vectors are normalised first; else the distance is Euclidean.
    seed : int
        Seed of the sample, which has at most 2,000 customers.

    Returns
    -------
    silhouette : float or None
        From -1 to 1. None if the sample has fewer than two clusters, or none with two customers.
    sample_size : int
        The number of customers in the sample.
    """
    # Imported here because scikit-learn takes time to import, and most tasks never need it.
    from sklearn.metrics import silhouette_score

    rows = np.flatnonzero(labels != NOISE)
    if len(rows) > SILHOUETTE_SAMPLE:
        generator = np.random.default_rng(seed)
        rows = np.sort(generator.choice(rows, SILHOUETTE_SAMPLE, replace=False))
    found = len(np.unique(labels[rows]))
    if not 2 <= found < len(rows):
        return None, len(rows)
    sample = vectors[rows]
    points = (normalised(sample) if metric is Metric.COSINE else sample).astype(np.float64)
    # One thread, so that partial sums do not depend on the machine's cores.
    with one_library_thread():
        return float(silhouette_score(points, labels[rows])), len(rows)


def adjusted_rand_index(pairs: Sequence[tuple[int, int, int]]) -> tuple[float | None, int]:
    """Agreement of two clusterings of the same customers, from their contingency table.

    Parameters
    ----------
    pairs : sequence of (first, second, customers)
        Number of customers per pair of clusters; noise counts as a cluster.

    Returns
    -------
    index : float or None
        1 for equal clusterings, about 0 for independent ones (Hubert & Arabie 1985); None if there
        are no customers.
    customers : int
        The number of customers.
    """
    cells = np.array(pairs, dtype=np.int64).reshape(-1, 3)
    counts = cells[:, 2]
    total = int(counts.sum())
    if total == 0:
        return None, 0
    together = _pairs(counts)
    first, second = (_pairs(_sums(cells[:, axis], counts)) for axis in (0, 1))
    all_pairs = total * (total - 1) / 2
    expected = first * second / all_pairs if all_pairs else 0.0
    most = (first + second) / 2
    return (1.0 if most == expected else (together - expected) / (most - expected)), total


def _pairs(counts: NDArray[np.int64]) -> float:
    """Total number of pairs within groups of these sizes."""
    return float((counts * (counts - 1) // 2).sum())


def _sums(clusters: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    _, position = np.unique(clusters, return_inverse=True)
    return np.bincount(position, counts).astype(np.int64)
