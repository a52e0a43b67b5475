"""Edges between points, and the one order of all of them that makes a spanning tree unique."""

from dataclasses import dataclass

import numpy as np

from kindred.neighbours.compiled import compiled


@dataclass(frozen=True)
class Edges:
    """Pairs of points ``low`` < ``high``, int32, and their ``weight``, float32; all (edges,)."""

    low: np.ndarray
    high: np.ndarray
    weight: np.ndarray

    @classmethod
    def none(cls, count: int) -> "Edges":
        """Room for edges, each behind every real one."""
        return cls(
            np.full(count, np.iinfo(np.int32).max, dtype=np.int32),
            np.full(count, np.iinfo(np.int32).max, dtype=np.int32),
            np.full(count, np.inf, dtype=np.float32),
        )

    def at(self, rows: np.ndarray) -> "Edges":
        """Some of the edges."""
        return Edges(self.low[rows], self.high[rows], self.weight[rows])


@compiled
def comes_first(
    weight: np.float32, low: int, high: int, weight2: np.float32, low2: int, high2: int
) -> bool:
    """Whether an edge is before another one in the order (weight, points) of all edges."""
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
    """Keep the found edges that come before the best of their component."""
    for i in range(len(component)):
        c = component[i]
        if comes_first(found_weight[i], found_low[i], found_high[i], weight[c], low[c], high[c]):
            weight[c], low[c], high[c] = found_weight[i], found_low[i], found_high[i]
