"""Distinct vectors in list order, and the customers at those that a search has found."""

import numpy as np

from kindred.neighbours.candidate_rows import KINDS, nearest_rows
from kindred.neighbours.distinct import Distinct
from kindred.neighbours.exact_search import ExactSearch
from kindred.neighbours.results import Found
from kindred.neighbours.threads import cut, in_threads
from kindred.neighbours.tiles import searchable
from kindred.spec.metrics import Metric

POINTS_AT_ONCE = 4096


class ListPoints:
    """Distinct vectors by their positions in list order.

    ``searchable`` float32 (points, dimensions), as `tiles.searchable` returns them.
    """

    def __init__(
        self, vectors: np.ndarray, distinct: Distinct, metric: Metric, order: np.ndarray
    ) -> None:
        self._kind = KINDS[metric]
        self._order = order
        self._exact = ExactSearch(vectors, distinct, order, metric)
        self._points = vectors[distinct.first_rows[order]]
        self._starts, self._members = distinct.members_of(order)
        self.searchable = searchable(self._points, metric)

    def nearest(
        self, positions: np.ndarray, candidates: np.ndarray, width: int, *, threads: int = 1
    ) -> Found:
        """The nearest customers of the vectors at ``positions``, of those at their candidates.

        ``candidates`` int32 (positions, candidates) are positions, too; -1 for none. ``width`` must
        be at most the number of eligible customers. Where there are fewer at the candidates, the
        vector is searched exactly.
        """
        rows = np.empty((len(positions), width), dtype=np.int32)
        distances = np.empty((len(positions), width), dtype=np.float32)

        def expand(first: int, last: int) -> None:
            nearest_rows(
                self._kind,
                self._points[positions[first:last]],
                self._points,
                candidates[first:last],
                self._starts,
                self._members,
                rows[first:last],
                distances[first:last],
            )

        pieces = cut(len(positions), POINTS_AT_ONCE)
        in_threads(expand, pieces, threads, "measuring distances")
        short = np.flatnonzero(rows[:, -1] < 0)
        if short.size:
            exact = self._exact.nearest_of(self._order[positions[short]], width, threads)
            rows[short], distances[short] = exact.rows, exact.distances
        return Found(rows, distances)
