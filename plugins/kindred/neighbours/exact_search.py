"""Exact search of distinct vectors, which returns neighbouring customers."""

from functools import cached_property

import numpy as np

from kindred.neighbours.distinct import Distinct, select_rows
from kindred.neighbours.exact import point_search
from kindred.neighbours.results import Found
from kindred.neighbours.threads import cut
from kindred.progress.steps import step
from kindred.spec.metrics import Metric

QUERIES_AT_ONCE = 4096


class ExactSearch:
    """Neighbours of distinct vectors among all of them, by exact search."""

    def __init__(
        self, vectors: np.ndarray, distinct: Distinct, order: np.ndarray, metric: Metric
    ) -> None:
        self._vectors = vectors
        self._distinct = distinct
        self._order = order
        self._metric = metric

    @cached_property
    def _points(self) -> np.ndarray:
        """A copy of all distinct vectors; list search needs it only if candidates are too few."""
        return np.asarray(self._vectors[self._distinct.first_rows])

    def nearest(self, start: int, stop: int, width: int, *, threads: int = 1) -> Found:
        """The nearest customers of the vectors from ``start`` to ``stop`` in the order."""
        return self.nearest_of(self._order[start:stop], width, threads)

    def nearest_of(self, points: np.ndarray, width: int, threads: int = 1) -> Found:
        """The nearest customers of some distinct vectors, including those that share the vector."""
        count = min(width, len(self._points))
        rows = np.empty((len(points), width), dtype=np.int32)
        distances = np.empty((len(points), width), dtype=np.float32)
        nearest = point_search(self._points, self._metric, len(points), threads)
        with step("searching exactly", len(points)) as counted:
            for start, stop in cut(len(points), QUERIES_AT_ONCE):
                queries = self._points[points[start:stop]]
                found, near = nearest(queries, count)
                rows[start:stop], distances[start:stop] = select_rows(
                    self._distinct, found, near, width
                )
                counted.advance(stop - start)
        return Found(rows, distances)
