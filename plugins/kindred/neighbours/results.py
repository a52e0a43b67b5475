"""What a search returns: neighbours of some customers, and of all."""

from dataclasses import dataclass

import numpy as np

Found = tuple[np.ndarray, np.ndarray]
"""Rows int32 and distances float32, (points, width), in the order (distance, row)."""


@dataclass(frozen=True)
class ShardResult:
    """Neighbours of one shard's customers.

    ``rows`` int32 (m,) in no particular order, ``neighbours`` int32 (m, k'), ``distances``
    float32 (m, k'); all of them row numbers of the vectors.
    """

    rows: np.ndarray
    neighbours: np.ndarray
    distances: np.ndarray


@dataclass(frozen=True)
class NeighbourGraph:
    """The k' = min(k, eligible - 1) nearest other customers of every customer.

    ``neighbours`` int32 (n, k') and ``distances`` float32 (n, k') in the order (distance, row);
    -1 and NaN for customers that are not ``eligible``, bool (n,).
    """

    neighbours: np.ndarray
    distances: np.ndarray
    eligible: np.ndarray

    def nearest(self, k: int) -> "NeighbourGraph":
        """The same graph with the first k neighbours only."""
        return NeighbourGraph(self.neighbours[:, :k], self.distances[:, :k], self.eligible)
