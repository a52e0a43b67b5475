"""Drift of list sizes: whether customers still spread over lists as when the index was built."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kindred.encoding.drift import measure_stability
from kindred.neighbours.distances import eligible
from kindred.serving.candidates import Points, centroid_index, draw_rows, nearest_lists, train_lists
from kindred.spec.metrics import Metric

LISTS = 50
"""Far fewer than an index has: with thousands of lists, random changes of a few rows per list would
dominate the stability index."""

TRAINING_ROWS = 20_000


@dataclass(frozen=True)
class ListSizes:
    """Centroids float32 (lists, dimensions), and the number of rows nearest to each, int64."""

    centroids: NDArray[np.float32]
    sizes: NDArray[np.int64]


@dataclass(frozen=True)
class ListDrift:
    """Population stability index of list sizes, and the value chance exceeds 1 in 1,000 times."""

    list_drift: float
    list_drift_noise: float


def find_list_sizes(vectors: np.ndarray, metric: Metric, *, seed: int) -> ListSizes:
    """Train lists like those of an index, and count the rows of each.

    ``vectors`` float32 (rows, dimensions), at least as many eligible rows as lists.
    """
    rows = np.flatnonzero(eligible(metric, vectors))
    training = draw_rows(np.random.default_rng([seed, LISTS]), rows, TRAINING_ROWS)
    centroids = train_lists(Points(vectors, metric)[training], metric, LISTS, seed)
    return ListSizes(centroids, count_rows(centroids, vectors, metric))


def count_rows(centroids: np.ndarray, vectors: np.ndarray, metric: Metric) -> NDArray[np.int64]:
    """Count the rows nearest to each centroid, int64 (lists,), without rows no index can hold."""
    rows = np.flatnonzero(eligible(metric, vectors))
    lists = nearest_lists(Points(vectors, metric), rows, centroid_index(centroids, metric))
    return np.bincount(lists, minlength=len(centroids)).astype(np.int64)


def measure_drift(built: ListSizes, vectors: np.ndarray, metric: Metric) -> ListDrift:
    """Measure how far the distribution of rows over lists has changed since the index was built.

    ``vectors`` float32 (rows, dimensions) are the current ones. By convention, a drift below 0.1 is
    small and one above 0.25 a shift; see `kindred.encoding.drift`. A drift up to the noise is not
    significant.
    """
    found = count_rows(built.centroids, vectors, metric)
    return ListDrift(*measure_stability(built.sizes.tolist(), found.tolist()))
