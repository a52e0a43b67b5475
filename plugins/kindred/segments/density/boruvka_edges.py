"""Edges between points, and the total order of edges that makes a spanning tree unique."""

from dataclasses import dataclass

import numpy as np

from kindred.neighbours.compiled import compiled


@dataclass(frozen=True)
class Edges:
    """Pairs of points ``low`` and ``high``, int32, and their ``weight``, float32; all (edges,).

    The points are named by their rank, and ``low`` < ``high``. Only `boruvka.spanning_tree` returns
    their numbers instead, of the same two points in the same order.
    """

    low: np.ndarray
    high: np.ndarray
    weight: np.ndarray

    @classmethod
    def none(cls, count: int) -> "Edges":
        """Placeholders that sort after every real edge."""
        return cls(
            np.full(count, np.iinfo(np.int32).max, dtype=np.int32),
            np.full(count, np.iinfo(np.int32).max, dtype=np.int32),
            np.full(count, np.inf, dtype=np.float32),
        )

    def at(self, rows: np.ndarray) -> "Edges":
        """The edges at the given positions."""
        return Edges(self.low[rows], self.high[rows], self.weight[rows])


@compiled
def comes_first(
    weight: np.float32, low: int, high: int, weight2: np.float32, low2: int, high2: int
) -> bool:
    """Whether the first edge sorts before the second by (weight, low, high)."""
    if weight != weight2:
        return bool(weight < weight2)
    if low != low2:
        return bool(low < low2)
    return bool(high < high2)


@compiled
def offer(
    component: np.ndarray,
    found_low: np.ndarray,
    found_high: np.ndarray,
    found_weight: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    weight: np.ndarray,
) -> None:
    """Replace the best edge of a component by a found edge that sorts before it."""
    for i in range(len(component)):
        c = component[i]
        if comes_first(found_weight[i], found_low[i], found_high[i], weight[c], low[c], high[c]):
            weight[c], low[c], high[c] = found_weight[i], found_low[i], found_high[i]
