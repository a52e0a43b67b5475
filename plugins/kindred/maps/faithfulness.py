"""How faithful a map is: whether neighbours on it are neighbours by all columns."""

from dataclasses import dataclass

import numpy as np

from kindred.neighbours.threads import cut, in_threads
from kindred.spec.metrics import Metric

NEIGHBOURS = 15
"""The usual number, as in scikit-learn's examples and the papers that compare such maps."""

SAMPLE = 250
"""Customers whose neighbours are judged: the standard error is then one to five thousandths."""

POINTS_AT_ONCE = 512
"""Points per matrix product. Fixed, so that results do not depend on the product's shape."""

ROUNDING = 1e-12
"""Far above the relative error of a float64 product, far below what tells two points apart."""


@dataclass(frozen=True)
class Faithfulness:
    """Trustworthiness with its standard error; both None if there are too few points.

    ``neighbours``: how many were judged per sampled point.
    """

    trustworthiness: float | None
    standard_error: float | None
    neighbours: int
    sample_size: int


def measure(
    points: np.ndarray, placed: np.ndarray, metric: Metric, *, seed: int, threads: int = 1
) -> Faithfulness:
    """The trustworthiness (Venna and Kaski 2001) of a sample's neighbourhoods.

    Each sampled point's neighbours on the map are ranked among all points by the metric. Those
    beyond the nearest k count by how far beyond they are; the measure is 1 if there are none, and
    about 0.5 for neighbours at random. It is a mean over points, so that of a random sample has a
    standard error.

    Parameters
    ----------
    points : ndarray of float32, shape (points, dimensions)
        Distinct, in content order, as `tiles.searchable` returns them.
    placed : ndarray of float32, shape (points, 2)
    metric : Metric
    seed : int
        Of the sample.
    threads : int
        Does not change the result.
    """
    count = len(points)
    k = min(NEIGHBOURS, (count - 1) // 2)
    if k < 1:
        return Faithfulness(None, None, 0, 0)
    size = min(SAMPLE, count)
    sampled = np.sort(np.random.default_rng(seed).choice(count, size=size, replace=False))
    near = _neighbours_on_map(placed, sampled, k)
    ranks = _ranks(points, sampled, near, metric, threads)
    excess = np.maximum(ranks - k, 0).sum(axis=1)
    trust = 1.0 - 2.0 * excess / (k * (2 * count - 3 * k - 1))
    error = trust.std(ddof=1) * ((1.0 - size / count) / size) ** 0.5 if size > 1 else 0.0
    return Faithfulness(float(trust.mean()), float(error), k, size)


def _neighbours_on_map(placed: np.ndarray, sampled: np.ndarray, k: int) -> np.ndarray:
    """The k nearest others of sampled points on the map, int64 (sampled, k)."""
    # Imported here because scipy.spatial takes time to import, and most tasks never need it.
    from scipy.spatial import KDTree

    found = np.asarray(KDTree(placed.astype(np.float64)).query(placed[sampled], k=k + 1)[1])
    is_other = found != sampled[:, None]
    # Where many points lie at one place, a point may be missing from its own neighbours.
    is_other[is_other.all(axis=1), -1] = False
    return np.asarray(found[is_other].reshape(len(sampled), k))


def _ranks(
    points: np.ndarray, sampled: np.ndarray, near: np.ndarray, metric: Metric, threads: int
) -> np.ndarray:
    """The rank from 1 of each neighbour among all others by the metric, int64 (sampled, k).

    Points as near as the neighbour, up to rounding, do not count as nearer.
    """
    queries = points[sampled].astype(np.float64)
    lengths = np.square(queries).sum(axis=1)
    is_product = metric is Metric.INNER_PRODUCT
    chosen = points[near].astype(np.float64)
    products, squares = np.einsum("qd,qkd->qk", queries, chosen), np.square(chosen).sum(axis=2)
    limits = -products if is_product else squares - 2.0 * products + lengths[:, None]
    limits -= ROUNDING * (squares + lengths[:, None])
    pieces = cut(len(points), POINTS_AT_ONCE)
    nearer = np.zeros((len(pieces), *near.shape), dtype=np.int64)

    def count(first: int, last: int) -> None:
        for piece in range(first, last):
            start, stop = pieces[piece]
            block = np.zeros((POINTS_AT_ONCE, points.shape[1]))
            block[: stop - start] = points[start:stop]
            scores = -(queries @ block.T)
            if not is_product:
                scores = 2.0 * scores + np.square(block).sum(axis=1) + lengths[:, None]
            scores[:, stop - start :] = np.inf
            own = np.flatnonzero((sampled >= start) & (sampled < stop))
            scores[own, sampled[own] - start] = np.inf
            for j in range(near.shape[1]):
                nearer[piece, :, j] = np.count_nonzero(scores < limits[:, j : j + 1], axis=1)

    in_threads(count, cut(len(pieces), 1), threads, "judging the map", "blocks")
    return np.asarray(nearer.sum(axis=0) + 1)
