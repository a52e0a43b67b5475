"""Results of a search: neighbours of one shard's customers, and of all customers."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Found:
    """What was found for some vectors.

    ``rows`` int32 and ``distances`` float32, (vectors, width), sorted by (distance, row).
    """

    rows: np.ndarray
    distances: np.ndarray


@dataclass(frozen=True)
class Candidates:
    """What was found for the points from ``start`` on, by their positions in list order.

    ``points`` int32 and ``scores`` float32, (points, width), sorted by score; -1 and infinity where
    there are too few.
    """

    start: int
    points: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class ShardResult:
    """Neighbours of one shard's customers.

    ``rows`` int32 (m,) in no particular order, ``neighbours`` int32 (m, k') and ``distances``
    float32 (m, k'). Rows and neighbours are row numbers of the vectors.
    """

    rows: np.ndarray
    neighbours: np.ndarray
    distances: np.ndarray


@dataclass(frozen=True)
class NeighbourGraph:
    """The k' = min(k, eligible - 1) nearest other customers of every customer.

    ``neighbours`` int32 (n, k') and ``distances`` float32 (n, k'), sorted by (distance, row); -1
    and NaN for customers that are not ``eligible``, bool (n,).
    """

    neighbours: np.ndarray
    distances: np.ndarray
    eligible: np.ndarray

    def nearest(self, k: int) -> "NeighbourGraph":
        """The same graph with only the first k neighbours."""
        return NeighbourGraph(self.neighbours[:, :k], self.distances[:, :k], self.eligible)
