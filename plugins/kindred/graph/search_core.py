"""The search both tuning and shards use: from distinct vectors to neighbouring customers."""

import numpy as np

from kindred.graph.distances import pair_distances
from kindred.graph.distinct import Distinct, drop_own, select_rows
from kindred.graph.exact import nearest_points
from kindred.graph.ivf import Lists, ListSearch, searchable
from kindred.metrics import Metric

SPARE_CANDIDATES = 5
"""Candidates beyond those needed, so that FAISS's float32 rounding decides no neighbour."""


class RowSearch:
    """Nearest customers of distinct vectors; exact without lists."""

    def __init__(
        self, vectors: np.ndarray, distinct: Distinct, metric: Metric, lists: Lists | None
    ) -> None:
        self._distinct = distinct
        self._metric = metric
        self._points = vectors[distinct.first_rows]
        self._search: ListSearch | None = None
        if lists is not None:
            self._search = ListSearch(searchable(self._points, metric), distinct, metric, lists)

    def nearest_rows(
        self, points: np.ndarray, width: int, probes: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The nearest customers of each point, its own customers among them.

        Returns rows int32 and distances float32, (points, width), in the order (distance, row).
        ``width`` may be at most the number of eligible customers.
        """
        if self._search is None:
            return self._exact_rows(points, width)
        count = min(width + SPARE_CANDIDATES, len(self._points))
        candidates = self._search.candidates(points, probes, count)
        queries, slots = np.nonzero(candidates >= 0)
        distances = np.full(candidates.shape, np.nan, dtype=np.float32)
        distances[queries, slots] = pair_distances(
            self._metric, self._points, self._points, points[queries], candidates[queries, slots]
        )
        rows, kept = select_rows(self._distinct, candidates, distances, width)
        is_short = rows[:, -1] < 0
        if is_short.any():
            rows[is_short], kept[is_short] = self._exact_rows(points[is_short], width)
        return rows, kept

    def neighbours_of(
        self, points: np.ndarray, own: np.ndarray, k: int, probes: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest other customers of the customers ``own``, whose vectors are ``points``."""
        rows, distances = self.nearest_rows(points, k + 1, probes)
        return drop_own(rows, distances, own)

    def _exact_rows(self, points: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
        found, distances = nearest_points(
            self._points[points], self._points, self._metric, min(width, len(self._points))
        )
        return select_rows(self._distinct, found, distances, width)
