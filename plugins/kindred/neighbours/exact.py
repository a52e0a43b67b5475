"""Exact neighbours: the ground truth of all recall measurements."""

from collections.abc import Callable
from functools import partial

import numpy as np

from kindred.errors import SettingsError
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import Distinct, drop_own, find_distinct, select_rows
from kindred.neighbours.products import nearest_by_products
from kindred.spec.metrics import Metric

SCAN_FROM = 150_000_000
"""Pairs from which compiled scans, including their setup, are faster than matrix products."""

MANY_POINTS, SCAN_MANY_FROM = 12_000, 5_000_000
"""Above so many points (which are searched for themselves by scans, too), pairs from which they are
faster: matrix products read all points again for every few queries."""


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
    """Find the k nearest base rows of every query.

    Parameters
    ----------
    queries : ndarray of float32, shape (queries, dimensions)
    base : ndarray of float32, shape (rows, dimensions)
    metric : Metric
    k : int
    exclude : ndarray of int, shape (queries,), optional
        One base row to leave out per query, such as its own.
    distinct : Distinct, optional
        The base's eligible distinct vectors, if known.
    threads : int
        For large searches; does not change the result.

    Returns
    -------
    neighbours : ndarray of int64, shape (queries, k')
        Base rows sorted by (distance, row); k' = min(k, eligible base rows, minus one with
        `exclude`). All -1 for a zero vector under cosine.
    distances : ndarray of float32, shape (queries, k')
        As `kindred.neighbours.distances.distances` returns them; NaN for -1.
    """
    require_k(k)
    distinct = distinct or find_distinct(base, eligible(metric, base))
    spare = 0 if exclude is None else 1
    width = min(k + spare, len(distinct.members))
    if width <= spare:
        shape = (len(queries), 0)
        return np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.float32)
    points = base[distinct.first_rows]
    candidates, distances = point_search(points, metric, len(queries), threads)(queries, width)
    rows, kept = select_rows(distinct, candidates, distances, width)
    if exclude is not None:
        rows, kept = drop_own(rows, kept, np.asarray(exclude))
    without = ~eligible(metric, queries)
    rows[without], kept[without] = -1, np.nan
    return rows.astype(np.int64), kept


PointSearch = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]
"""Takes queries and a count; returns indices int64 and distances float32, both
(queries, min(count, points)), sorted by (distance, index)."""


def point_search(points: np.ndarray, metric: Metric, queries: int, threads: int) -> PointSearch:
    """The fastest exact search of distinct, eligible points for this number of queries."""
    if queries * len(points) < (SCAN_FROM if len(points) <= MANY_POINTS else SCAN_MANY_FROM):
        return partial(nearest_by_products, points, metric)
    # Imported here because numba takes half a second to import, and most tasks never need it.
    from kindred.neighbours.scan import PointScan

    return PointScan(points, metric, threads).nearest


def require_k(k: int) -> None:
    """Reject a k below 1."""
    if k < 1:
        raise SettingsError(f"k: found {k}, allowed are whole numbers from 1; correct the spec's k")
