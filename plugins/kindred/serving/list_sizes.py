"""Drift of list sizes: whether customers still spread over the lists as when an index was built."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kindred.encoding.drift import measure_stability
from kindred.neighbours.distances import eligible
from kindred.serving.candidates import Points, centre_index, draw_rows, nearest_lists, train_lists
from kindred.spec.metrics import Metric

LISTS = 50
"""Far fewer than an index has: of thousands of lists, each with a few rows more or less, the
stability index would be mostly noise."""

TRAINING_ROWS = 20_000


@dataclass(frozen=True)
class ListSizes:
    """Centres (lists, dimensions) float32, and the rows nearest to each, (lists,) int64."""

    centres: NDArray[np.float32]
    sizes: NDArray[np.int64]


@dataclass(frozen=True)
class ListDrift:
    """Population stability index of list sizes, and what chance alone gives once in 1,000 times."""

    list_drift: float
    list_drift_noise: float


def find_list_sizes(vectors: np.ndarray, metric: Metric, *, seed: int) -> ListSizes:
    """Lists of a kind with those of an index, and how many rows each has.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
        As many of them eligible as there are lists, at least.
    metric : Metric
    seed : int
    """
    rows = np.flatnonzero(eligible(metric, vectors))
    training = draw_rows(np.random.default_rng([seed, LISTS]), rows, TRAINING_ROWS)
    centres = train_lists(Points(vectors, metric)[training], metric, LISTS, seed)
    return ListSizes(centres, count_rows(centres, vectors, metric))


def count_rows(centres: np.ndarray, vectors: np.ndarray, metric: Metric) -> NDArray[np.int64]:
    """Rows nearest to each centre, (lists,) int64; rows that no index takes are none of them."""
    rows = np.flatnonzero(eligible(metric, vectors))
    lists = nearest_lists(Points(vectors, metric), rows, centre_index(centres, metric))
    return np.bincount(lists, minlength=len(centres)).astype(np.int64)


def measure_drift(built: ListSizes, vectors: np.ndarray, metric: Metric) -> ListDrift:
    """How far the rows have moved between the lists since the index was built.

    Parameters
    ----------
    built : ListSizes
        Of the rows at the build.
    vectors : ndarray of float32, shape (rows, dimensions)
        Of now.
    metric : Metric

    Returns
    -------
    ListDrift
        By custom below 0.1 little, above 0.25 a shift; see `kindred.encoding.drift`. At or below
        its noise it says nothing.
    """
    found = count_rows(built.centres, vectors, metric)
    return ListDrift(*measure_stability(built.sizes.tolist(), found.tolist()))
