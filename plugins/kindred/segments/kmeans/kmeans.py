"""KMeans over the distinct vectors."""

import warnings
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import pairwise_distances
from threadpoolctl import threadpool_limits

from kindred.neighbours.distances import normalised
from kindred.neighbours.distinct import Distinct, find_distinct
from kindred.segments.clusters import Clusters, all_noise, order_free
from kindred.segments.kmeans.choose_k import SAMPLE as CHOOSING_SAMPLE
from kindred.segments.kmeans.choose_k import choose_k
from kindred.spec.clustering import KMeansSettings
from kindred.spec.metrics import Metric

METHOD = "kmeans"

STARTING_SAMPLE = 32_768
"""Customers on which k-means++ finds where to start: 100 a centre at k = 300."""

STARTS = 3
"""Times k-means++ starts; the clustering of least inertia wins."""

WORTH_MOVING = 0.01
"""Share of the inertia that has to be gained before centres leave where they started.

Among customers who are hardly in groups, Lloyd's iterations carry centres far for next to nothing:
after 5 % of new ones the adjusted Rand index with the clusters before was .82 to 1 in 2,000 x 6.
"""

WORTH_LEAVING = 0.05
"""Share of a sample's inertia that centres from scratch have to gain before they are taken.

Two runs from scratch differ by a few percent among customers who are not in groups.
"""

DISTANCES_AT_ONCE = 1 << 22
"""Distances to centres (float64) per block: 32 MB."""


@dataclass(frozen=True)
class Centers:
    """Centres float64 (k, dimensions), and how k was chosen, as plain JSON."""

    values: np.ndarray
    figures: dict[str, Any] = field(default_factory=dict)


def cluster_kmeans(
    vectors: np.ndarray,
    settings: KMeansSettings,
    metric: Metric,
    *,
    seed: int,
    threads: int = 1,
    start: Centers | None = None,
    distinct: Distinct | None = None,
) -> Clusters:
    """Cluster customers around k centres.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    settings : KMeansSettings
        k is capped at the number of distinct vectors; None has `choose_k` choose it.
    metric : Metric
        For cosine the vectors are normalised first, so that the squared distance is 2(1 - cos);
        zero vectors stay at the origin. Under inner product the distance is Euclidean.
    seed : int
    threads : int
        Changes no result.
    start : Centers, optional
        What `find_centers` gave for other customers, if there are as many as the settings and the
        customers at hand want. They are kept while Lloyd's iterations from there gain at most 1 %
        of the inertia, and centres from scratch at most 5 % on a sample: so new customers move
        nobody else.
    distinct : Distinct, optional
        The distinct vectors, if they are known; of no use for cosine, where points are normalised.

    Returns
    -------
    Clusters
        Without noise. Up to 32,768 distinct vectors `sklearn` clusters them, three times from
        k-means++, of which the best is kept. Above, that is done with so many customers, and
        Lloyd's iterations over all begin at the centres of the best.
        ``membership`` is (b - a) / b with a the distance to the own centre and b that to the
        second nearest, the simplified silhouette (Hruschka et al. 2004): 1 at the own centre, 0
        half way between two; 1 throughout for k = 1. Independent of the order of the rows (but for
        which of several equally large clusters is first). ``figures`` holds k and the inertia, and
        the curve that k was chosen from.
    """
    if len(vectors) == 0:
        return all_noise(0, METHOD)
    points, distinct = _distinct(vectors, metric, distinct)
    order = distinct.content_order
    content = points[distinct.first_rows[order]]
    weights = distinct.sizes[order].astype(np.float64)
    # One thread: scikit-learn adds the threads' partial sums in the order they finish.
    with threadpool_limits(limits=1):
        if start is not None and _fits(start, settings, len(content)):
            values, assigned = _from(content, weights, start.values, seed, threads)
            found = Centers(values, start.figures)
        else:
            found = _found(content, weights, settings, seed, threads)
            assigned = _assigned(content, weights, found.values)
    labels = np.empty(len(points), dtype=np.int32)
    shares = np.empty(len(points), dtype=np.float32)
    rows, of_point = distinct.members, np.repeat(np.argsort(order), distinct.sizes)
    labels[rows], shares[rows] = assigned.nearest[of_point], assigned.membership[of_point]
    figures = {"k": len(found.values), "inertia": assigned.inertia, **found.figures}
    return order_free(Clusters(labels, shares, labels, METHOD, figures))


def find_centers(
    vectors: np.ndarray,
    settings: KMeansSettings,
    metric: Metric,
    *,
    seed: int,
    threads: int = 1,
    distinct: Distinct | None = None,
) -> Centers:
    """The centres of customers, as `cluster_kmeans` finds them without a start.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
        At least one row.
    """
    points, distinct = _distinct(vectors, metric, distinct)
    order = distinct.content_order
    weights = distinct.sizes[order].astype(np.float64)
    with threadpool_limits(limits=1):
        return _found(points[distinct.first_rows[order]], weights, settings, seed, threads)


def _distinct(
    vectors: np.ndarray, metric: Metric, known: Distinct | None
) -> tuple[np.ndarray, Distinct]:
    if known is not None and metric is not Metric.COSINE:
        return vectors, known
    points = normalised(vectors) if metric is Metric.COSINE else vectors
    return points, find_distinct(points, np.ones(len(points), dtype=np.bool_))


def _fits(start: Centers, settings: KMeansSettings, distinct: int) -> bool:
    """Whether there are as many centres as there would be without a start."""
    k = len(start.values)
    return k <= distinct and (settings.k is None or k == min(settings.k, distinct))


def _found(
    content: np.ndarray, weights: np.ndarray, settings: KMeansSettings, seed: int, threads: int
) -> Centers:
    k, figures = _number_of_clusters(content, weights, settings, seed)
    return Centers(_centers(content, weights, min(k, len(content)), seed, threads), figures)


def _from(
    content: np.ndarray, weights: np.ndarray, start: np.ndarray, seed: int, threads: int
) -> tuple[np.ndarray, "_Assigned"]:
    """The centres to start from themselves, unless others are clearly better, and who is nearest.

    Others are those that Lloyd's iterations lead to, and where the customers have gone elsewhere,
    those found from scratch; whether they have is asked of a sample.
    """
    settled = _settled(content, weights, start, threads)
    centers, assigned = start, _assigned(content, weights, start)
    moved = _assigned(content, weights, settled)
    if assigned.inertia > (1 + WORTH_MOVING) * moved.inertia:
        centers, assigned = settled, moved
    rows, counts = _sampled(weights, STARTING_SAMPLE, seed)
    fresh = _best_of_starts(content[rows], counts.astype(np.float64), len(start), seed, threads)
    # Not of the sample that the fresh ones are fitted to.
    rows, counts = _sampled(weights, STARTING_SAMPLE, seed + 1)
    kept, found = (
        _assigned(content[rows], counts.astype(np.float64), some).inertia
        for some in (centers, fresh)
    )
    if kept > (1 + WORTH_LEAVING) * found:
        centers = _centers(content, weights, len(start), seed, threads)
        assigned = _assigned(content, weights, centers)
    return centers, assigned


def _settled(
    content: np.ndarray, weights: np.ndarray, start: np.ndarray, threads: int
) -> np.ndarray:
    """Centres that Lloyd's iterations over all customers reach from where they start."""
    if len(content) <= STARTING_SAMPLE:
        return _fitted(content, weights, KMeans(len(start), init=start, n_init=1))
    # Here, because numba takes half a second to import: small sets never need it.
    from kindred.segments.kmeans.lloyd import settle_centers

    return settle_centers(content, weights, start, threads=threads)


def _fitted(content: np.ndarray, weights: np.ndarray, model: KMeans) -> np.ndarray:
    with warnings.catch_warnings():
        # Vectors that differ by rounding only can leave fewer than k clusters; that is fine.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(content.astype(np.float64), sample_weight=weights)
    return np.asarray(model.cluster_centers_, dtype=np.float64)


def _number_of_clusters(
    content: np.ndarray, weights: np.ndarray, settings: KMeansSettings, seed: int
) -> tuple[int, dict[str, Any]]:
    if settings.k is not None:
        return settings.k, {}
    rows, counts = _sampled(weights, CHOOSING_SAMPLE, seed)
    points = np.repeat(content[rows], counts, axis=0).astype(np.float64)
    k, curve = choose_k(points, settings.k_min, settings.k_max, seed=seed)
    return k, {"k_curve": curve}


def _sampled(weights: np.ndarray, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of a sample of customers, and how many of them each stands for."""
    ends = np.cumsum(weights.astype(np.int64))
    if ends[-1] <= size:
        return np.arange(len(weights)), weights.astype(np.int64)
    customers = np.random.default_rng(seed).choice(int(ends[-1]), size, replace=False)
    return np.unique(np.searchsorted(ends, customers, side="right"), return_counts=True)


def _centers(
    content: np.ndarray, weights: np.ndarray, k: int, seed: int, threads: int
) -> np.ndarray:
    if len(content) <= STARTING_SAMPLE:
        model = KMeans(k, n_init=STARTS, random_state=seed, algorithm="lloyd")
        return _fitted(content, weights, model)
    rows, counts = _sampled(weights, max(STARTING_SAMPLE, 4 * k), seed)
    best = _best_of_starts(content[rows], counts.astype(np.float64), k, seed, threads)
    return _settled(content, weights, best, threads)


def _best_of_starts(
    sample: np.ndarray, shares: np.ndarray, k: int, seed: int, threads: int
) -> np.ndarray:
    """The centres of least inertia that k-means++ leads to, of some starts."""
    # Here, because numba takes half a second to import: small sets never need it.
    from kindred.segments.kmeans.lloyd import settle_centers

    best, least = np.empty(0), np.inf
    for start in range(STARTS):
        centers, _ = kmeans_plusplus(
            sample.astype(np.float64), min(k, len(sample)), sample_weight=shares,
            random_state=seed + start,
        )  # fmt: skip
        centers = settle_centers(sample, shares, centers, threads=threads)
        inertia = _assigned(sample, shares, centers).inertia
        if inertia < least:
            best, least = centers, inertia
    return best


class _Assigned(NamedTuple):
    nearest: np.ndarray
    membership: np.ndarray
    inertia: float


def _assigned(content: np.ndarray, weights: np.ndarray, centers: np.ndarray) -> _Assigned:
    """Nearest centre int32 and membership float32 of every point, and the inertia of all."""
    inertia = 0.0
    nearest = np.zeros(len(content), dtype=np.int32)
    membership = np.ones(len(content), dtype=np.float32)
    step = max(1, DISTANCES_AT_ONCE // len(centers))
    for start in range(0, len(content), step):
        block = slice(start, start + step)
        to_centers = pairwise_distances(content[block].astype(np.float64), centers)
        nearest[block] = to_centers.argmin(axis=1)
        own = to_centers.min(axis=1)
        inertia += float(weights[block] @ np.square(own))
        if len(centers) > 1:
            second = np.partition(to_centers, 1, axis=1)[:, 1]
            ratio = np.divide(own, second, out=np.ones_like(own), where=second > 0.0)
            membership[block] = 1.0 - ratio
    return _Assigned(nearest, membership, inertia)
