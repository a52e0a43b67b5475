"""Exact neighbours: the truth every recall is measured against."""

from collections.abc import Callable
from functools import partial

import numpy as np

from kindred.errors import SettingsError
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import Distinct, drop_own, find_distinct, select_rows
from kindred.neighbours.products import nearest_by_products
from kindred.spec.metrics import Metric

SCAN_FROM = 150_000_000
"""Pairs from which compiled scans are faster than matrix products and what they set up."""


def exact_neighbours(
    queries: np.ndarray,
    base: np.ndarray,
    metric: Metric,
    k: int,
    *,
    exclude: np.ndarray | None = None,
    distinct: Distinct | None = None,
    threads: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest base rows of every query.

    Parameters
    ----------
    queries : ndarray of float32, shape (queries, dimensions)
    base : ndarray of float32, shape (rows, dimensions)
    metric : Metric
    k : int
    exclude : ndarray of int, shape (queries,), optional
        A base row that each query must not get, such as its own.
    distinct : Distinct, optional
        The base's eligible distinct vectors, if they are known.
    threads : int
        For large searches; changes no result.

    Returns
    -------
    neighbours : ndarray of int64, shape (queries, k')
        Base rows in the order (distance, row); k' = min(k, eligible base rows, less one with
        `exclude`). -1 throughout for a zero vector under cosine.
    distances : ndarray of float32, shape (queries, k')
        As `kindred.neighbours.distances.distances` gives them; NaN beside -1.
    """
    require_k(k)
    distinct = distinct or find_distinct(base, eligible(metric, base))
    spare = 0 if exclude is None else 1
    width = min(k + spare, len(distinct.members))
    if width <= spare:
        return _empty(len(queries), np.int64)
    points = base[distinct.first_rows]
    candidates, distances = point_search(points, metric, len(queries), threads)(queries, width)
    rows, kept = select_rows(distinct, candidates, distances, width)
    if exclude is not None:
        rows, kept = drop_own(rows, kept, np.asarray(exclude))
    without = ~eligible(metric, queries)
    rows[without], kept[without] = -1, np.nan
    return rows.astype(np.int64), kept


PointSearch = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]
"""From queries and a count to indices int64 and distances float32, (queries, min(count, points)),
in the order (distance, index)."""


def point_search(points: np.ndarray, metric: Metric, queries: int, threads: int) -> PointSearch:
    """The quickest exact search of distinct, eligible points for so many queries."""
    if queries * len(points) < SCAN_FROM:
        return partial(nearest_by_products, points, metric)
    # Here, because numba takes half a second to import: most tasks never need it.
    from kindred.neighbours.scan import PointScan

    return PointScan(points, metric, threads).nearest


def require_k(k: int) -> None:
    """Refuse a k without neighbours."""
    if k < 1:
        raise SettingsError(f"k: found {k}, allowed are whole numbers from 1; correct the spec's k")


def _empty(rows: int, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    return np.empty((rows, 0), dtype=dtype), np.empty((rows, 0), dtype=np.float32)
