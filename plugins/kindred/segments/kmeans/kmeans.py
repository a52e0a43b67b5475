"""K-means on distinct vectors, weighted by their customers."""

import warnings
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import pairwise_distances

from kindred.neighbours.distances import normalised
from kindred.neighbours.distinct import Distinct, find_distinct
from kindred.progress.steps import step
from kindred.run.threads import one_library_thread
from kindred.segments.clusters import Clusters, all_noise, order_free
from kindred.segments.kmeans.choose_k import SAMPLE as CHOOSING_SAMPLE
from kindred.segments.kmeans.choose_k import choose_k
from kindred.spec.clustering import KMeansSettings
from kindred.spec.metrics import Metric

METHOD = "kmeans"

STARTING_SAMPLE = 32_768
"""Customers on which k-means++ is run: about 100 per centroid at k = 300."""

STARTS = 3
"""Runs of k-means++; the one with the lowest inertia wins."""

WORTH_MOVING = 0.01
"""Relative gain in inertia from which centroids are moved away from their start.

If customers hardly form groups, Lloyd's iterations move centroids far for almost no gain: with 5 %
new customers the adjusted Rand index with the previous clusters was .82 to 1 (2,000 x 6).
"""

WORTH_LEAVING = 0.05
"""Relative gain in a sample's inertia from which centroids found from scratch replace the start's.

If customers do not form groups, two runs from scratch differ by a few percent.
"""

DISTANCES_AT_ONCE = 1 << 22
"""Distances to centroids (float64) per block: 32 MB."""


@dataclass(frozen=True)
class Centroids:
    """Centroids, float64 (k, dimensions), and how k was chosen, as plain JSON."""

    values: np.ndarray
    figures: dict[str, Any] = field(default_factory=dict)


def cluster_kmeans(
    vectors: np.ndarray,
    settings: KMeansSettings,
    metric: Metric,
    *,
    seed: int,
    threads: int = 1,
    start: Centroids | None = None,
    distinct: Distinct | None = None,
) -> Clusters:
    """Cluster customers around k centroids.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    settings : KMeansSettings
        k is capped at the number of distinct vectors; if it is None, `choose_k` chooses it.
    metric : Metric
        For cosine the vectors are normalised first, so that the squared distance is 2(1 - cos);
        zero vectors stay at the origin. Under inner product the distance is Euclidean.
    seed : int
    threads : int
        Does not change the result.
    start : Centroids, optional
        Centroids that `find_centroids` found for other customers. Used only if their number is the
        one that the settings and these customers require. They are kept as long as Lloyd's
        iterations gain at most 1 % of the inertia and centroids from scratch at most 5 % on a
        sample. So new customers do not move other customers to another cluster.
    distinct : Distinct, optional
        The distinct vectors, if they are known. Not used for cosine, which normalises them first.

    Returns
    -------
    Clusters
        Without noise. Up to 32,768 distinct vectors, `sklearn` clusters all of them, starting three
        times from k-means++; the best result is kept. Above that, k-means++ and Lloyd's iterations
        run three times on a sample of that many customers, and Lloyd's iterations over all
        customers start from the best result.
        ``membership`` is (b - a) / b, where a is the distance to the nearest centroid and b to the
        second nearest: the simplified silhouette (Hruschka et al. 2004). It is 1 at a centroid, 0
        halfway between two, and always 1 for k = 1. The result does not depend on the order of the
        rows (except for the order of equally large clusters). ``figures`` holds k, the inertia,
        and the curve from which k was chosen.
    """
    if len(vectors) == 0:
        return all_noise(0, METHOD)
    points, distinct = _distinct(vectors, metric, distinct)
    order = distinct.content_order
    content = points[distinct.first_rows[order]]
    weights = distinct.sizes[order].astype(np.float64)
    # One thread, because scikit-learn adds the threads' partial sums in the order they finish.
    with one_library_thread():
        if start is not None and _fits(start, settings, len(content)):
            values, assigned = _from(content, weights, start.values, seed, threads)
            found = Centroids(values, start.figures)
        else:
            found = _found(content, weights, settings, seed, threads)
            assigned = _assigned(content, weights, found.values)
    labels = np.empty(len(points), dtype=np.int32)
    shares = np.empty(len(points), dtype=np.float32)
    rows, of_point = distinct.members, np.repeat(np.argsort(order), distinct.sizes)
    labels[rows], shares[rows] = assigned.nearest[of_point], assigned.membership[of_point]
    figures = {"k": len(found.values), "inertia": assigned.inertia, **found.figures}
    return order_free(Clusters(labels, shares, labels, METHOD, figures))


def find_centroids(
    vectors: np.ndarray,
    settings: KMeansSettings,
    metric: Metric,
    *,
    seed: int,
    threads: int = 1,
    distinct: Distinct | None = None,
) -> Centroids:
    """Find the centroids of customers, as `cluster_kmeans` does without a start.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
        At least one row.
    """
    points, distinct = _distinct(vectors, metric, distinct)
    order = distinct.content_order
    weights = distinct.sizes[order].astype(np.float64)
    with one_library_thread():
        return _found(points[distinct.first_rows[order]], weights, settings, seed, threads)


def _distinct(
    vectors: np.ndarray, metric: Metric, known: Distinct | None
) -> tuple[np.ndarray, Distinct]:
    if known is not None and metric is not Metric.COSINE:
        return vectors, known
    points = normalised(vectors) if metric is Metric.COSINE else vectors
    return points, find_distinct(points, np.ones(len(points), dtype=np.bool_))


def _fits(start: Centroids, settings: KMeansSettings, distinct: int) -> bool:
    """Whether the start has as many centroids as a clustering from scratch would have."""
    k = len(start.values)
    return k <= distinct and (settings.k is None or k == min(settings.k, distinct))


def _found(
    content: np.ndarray, weights: np.ndarray, settings: KMeansSettings, seed: int, threads: int
) -> Centroids:
    k, figures = _number_of_clusters(content, weights, settings, seed)
    centroids = _find_centroids(content, weights, min(k, len(content)), seed, threads)
    return Centroids(centroids, figures)


def _from(
    content: np.ndarray, weights: np.ndarray, start: np.ndarray, seed: int, threads: int
) -> tuple[np.ndarray, "_Assigned"]:
    """Keep the start's centroids unless others are clearly better; also assign all points.

    The others are the centroids that Lloyd's iterations reach from the start, and, if a sample
    shows that the data has drifted, centroids found from scratch.
    """
    settled = _settled(content, weights, start, threads)
    centroids, assigned = start, _assigned(content, weights, start)
    moved = _assigned(content, weights, settled)
    if assigned.inertia > (1 + WORTH_MOVING) * moved.inertia:
        centroids, assigned = settled, moved
    rows, counts = _sampled(weights, STARTING_SAMPLE, seed)
    fresh = _best_of_starts(content[rows], counts.astype(np.float64), len(start), seed, threads)
    # Compared on another sample than the one the fresh centroids are fitted to.
    rows, counts = _sampled(weights, STARTING_SAMPLE, seed + 1)
    kept, found = (
        _assigned(content[rows], counts.astype(np.float64), some).inertia
        for some in (centroids, fresh)
    )
    if kept > (1 + WORTH_LEAVING) * found:
        centroids = _find_centroids(content, weights, len(start), seed, threads)
        assigned = _assigned(content, weights, centroids)
    return centroids, assigned


def _settled(
    content: np.ndarray, weights: np.ndarray, start: np.ndarray, threads: int
) -> np.ndarray:
    """The centroids that Lloyd's iterations over all customers reach from the start."""
    if len(content) <= STARTING_SAMPLE:
        return _fitted(content, weights, KMeans(len(start), init=start, n_init=1))
    # Imported here because numba takes half a second to import, and small sets never need it.
    from kindred.segments.kmeans.lloyd import settle_centroids

    return settle_centroids(content, weights, start, threads=threads)


def _fitted(content: np.ndarray, weights: np.ndarray, model: KMeans) -> np.ndarray:
    with warnings.catch_warnings():
        # Vectors that differ only by rounding may yield fewer than k clusters; that is fine.
        warnings.simplefilter("ignore", ConvergenceWarning)
        with step(f"k-means of {len(content)} points"):
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
    """The points of a sample of customers, and how many sampled customers are at each."""
    ends = np.cumsum(weights.astype(np.int64))
    if ends[-1] <= size:
        return np.arange(len(weights)), weights.astype(np.int64)
    customers = np.random.default_rng(seed).choice(int(ends[-1]), size, replace=False)
    return np.unique(np.searchsorted(ends, customers, side="right"), return_counts=True)


def _find_centroids(
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
    """The centroids of lowest inertia from several starts of k-means++."""
    # Imported here because numba takes half a second to import, and small sets never need it.
    from kindred.segments.kmeans.lloyd import settle_centroids

    best, least = np.empty(0), np.inf
    for start in range(STARTS):
        with step(f"start {start + 1} of {STARTS}"):
            centroids, _ = kmeans_plusplus(
                sample.astype(np.float64), min(k, len(sample)), sample_weight=shares,
                random_state=seed + start,
            )  # fmt: skip
            centroids = settle_centroids(sample, shares, centroids, threads=threads)
        inertia = _assigned(sample, shares, centroids).inertia
        if inertia < least:
            best, least = centroids, inertia
    return best


class _Assigned(NamedTuple):
    nearest: np.ndarray
    membership: np.ndarray
    inertia: float


def _assigned(content: np.ndarray, weights: np.ndarray, centroids: np.ndarray) -> _Assigned:
    """Nearest centroid (int32) and membership (float32) of every point, and the total inertia."""
    inertia = 0.0
    nearest = np.zeros(len(content), dtype=np.int32)
    membership = np.ones(len(content), dtype=np.float32)
    size = max(1, DISTANCES_AT_ONCE // len(centroids))
    with step("assigning to centroids", len(content)) as counted:
        for start in range(0, len(content), size):
            block = slice(start, start + size)
            to_centroids = pairwise_distances(content[block].astype(np.float64), centroids)
            nearest[block] = to_centroids.argmin(axis=1)
            own = to_centroids.min(axis=1)
            inertia += float(weights[block] @ np.square(own))
            if len(centroids) > 1:
                second = np.partition(to_centroids, 1, axis=1)[:, 1]
                ratio = np.divide(own, second, out=np.ones_like(own), where=second > 0.0)
                membership[block] = 1.0 - ratio
            counted.advance(len(own))
    return _Assigned(nearest, membership, inertia)
