"""Exact nearest points by float64 matrix products: for few points, or if float32 is too coarse."""

import numpy as np

from kindred.neighbours.distances import pair_distances
from kindred.spec.metrics import Metric

SCORES_AT_ONCE = 1 << 20
"""Scores (float64) per block of queries: 8 MB, which the caches hold; 64 MB take twice as long."""

GROUPS_PER_NEIGHBOUR = 8
"""So a tenth more candidates than neighbours come out of random columns."""


def nearest_by_products(
    points: np.ndarray, metric: Metric, queries: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest of distinct, eligible points by (float32 distance, index).

    Matrix products only choose candidates, with a margin for their rounding errors. The candidates'
    distances are then computed pair by pair, so that the result does not depend on BLAS.

    Returns indices int64 and distances float32, both of shape (queries, min(count, points)).
    """
    count = min(count, len(points))
    indices = np.empty((len(queries), count), dtype=np.int64)
    nearest = np.empty((len(queries), count), dtype=np.float32)
    prepared = _Prepared(points, metric)
    step = max(1, SCORES_AT_ONCE // max(1, len(points)))
    for start in range(0, len(queries), step):
        block = queries[start : start + step]
        rows, columns = np.nonzero(prepared.may_be_nearest(block, count))
        distances = pair_distances(metric, block, points, rows, columns)
        order = np.lexsort((columns, distances, rows))
        # `rows` is ascending and every query has at least `count` candidates.
        first = np.searchsorted(rows, np.arange(len(block)))
        chosen = order[first[:, None] + np.arange(count)]
        indices[start : start + step] = columns[chosen]
        nearest[start : start + step] = distances[chosen]
    return indices, nearest


class _Prepared:
    """Points prepared for scores; for a fixed query, scores grow with the distance."""

    def __init__(self, points: np.ndarray, metric: Metric) -> None:
        self._metric = metric
        self._points = np.asarray(points, dtype=np.float64)
        self._centroid = np.zeros(points.shape[1])
        if metric is Metric.L2:
            # Centring makes squared norms small, which reduces cancellation.
            self._centroid = self._points.mean(axis=0)
            self._points = self._points - self._centroid
        self._squares = np.square(self._points).sum(axis=1)
        if metric is Metric.COSINE:
            self._points = self._points / np.sqrt(self._squares)[:, None]
            self._squares = np.ones(len(points))

    def may_be_nearest(self, queries: np.ndarray, count: int) -> np.ndarray:
        """Bool (queries, points): the `count` nearest, ties in float32 included, and a few more."""
        queries = np.asarray(queries, dtype=np.float64) - self._centroid
        squares = np.square(queries).sum(axis=1)
        if self._metric is Metric.COSINE:
            queries = queries / np.where(squares > 0.0, np.sqrt(squares), 1.0)[:, None]
            squares = np.ones(len(queries))
        scores = queries @ self._points.T
        scores *= -2.0 if self._metric is Metric.L2 else -1.0
        if self._metric is Metric.L2:
            scores += self._squares
        limits = _upper_bounds(scores, count)
        magnitudes = np.abs(limits + self._offsets(squares))
        rounding = 1e-15 * (8 + queries.shape[1]) * (squares + self._squares.max())
        # float32 rounds a distance by a relative 6e-8, its square by twice that, up or down.
        return np.asarray(scores <= (limits + 4e-7 * magnitudes + rounding)[:, None])

    def _offsets(self, squares: np.ndarray) -> np.ndarray:
        """The difference between the (squared) distance and the score."""
        if self._metric is Metric.L2:
            return squares
        return np.ones_like(squares) if self._metric is Metric.COSINE else np.zeros_like(squares)


def _upper_bounds(scores: np.ndarray, count: int) -> np.ndarray:
    """At least the `count` smallest score of each row, and not much more: float64 (rows,).

    From the smallest score of each of some groups of columns: of so many scores, `count` are no
    larger than the result. On one core eight times as fast as to order all columns.
    """
    columns = scores.shape[1]
    groups = min(columns, GROUPS_PER_NEIGHBOUR * count)
    depth = columns // groups
    pieces = scores[:, : depth * groups].reshape(len(scores), depth, groups)
    smallest = pieces.min(axis=1) if depth > 1 else scores
    return np.partition(smallest, count - 1, axis=1)[:, count - 1]
