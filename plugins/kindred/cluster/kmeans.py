"""KMeans over the distinct vectors."""

import warnings

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import pairwise_distances
from threadpoolctl import threadpool_limits

from kindred.cluster.clusters import Clusters, all_noise, order_free
from kindred.clustering import KMeansSettings
from kindred.graph.distances import normalised
from kindred.graph.distinct import find_distinct
from kindred.metrics import Metric

MINI_BATCH_ABOVE = 200_000
"""Distinct vectors above which mini-batches find the centres."""

MINI_BATCH = 8192
STARTS = 3
"""Times k-means++ starts; the clustering of least inertia wins."""

DISTANCES_AT_ONCE = 1 << 22
"""Distances to centres (float64) per block: 32 MB."""


def cluster_kmeans(
    vectors: np.ndarray, settings: KMeansSettings, metric: Metric, *, seed: int
) -> Clusters:
    """Cluster customers around k centres.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    settings : KMeansSettings
        k is capped at the number of distinct vectors.
    metric : Metric
        For cosine the vectors are normalised first, so that the squared distance is 2(1 - cos);
        zero vectors stay at the origin. Under inner product the distance is Euclidean.
    seed : int

    Returns
    -------
    Clusters
        Without noise. ``membership`` is (b - a) / b with a the distance to the own centre and b
        that to the second nearest, the simplified silhouette (Hruschka et al. 2004): 1 at the
        own centre, 0 half way between two; 1 throughout for k = 1. Independent of the order of the
        rows (but for which of several equally large clusters is first) and of the number of
        threads. ``method`` is "kmeans", or "kmeans mini-batch" above 200,000 distinct vectors.
    """
    if len(vectors) == 0:
        return all_noise(0, "kmeans")
    points = normalised(vectors) if metric is Metric.COSINE else vectors
    distinct = find_distinct(points, np.ones(len(points), dtype=np.bool_))
    order = distinct.content_order
    content = points[distinct.first_rows[order]].astype(np.float64)
    k = min(settings.k, len(content))
    # One thread: scikit-learn adds the threads' partial sums in the order they finish.
    with threadpool_limits(limits=1):
        centers = _centers(content, distinct.sizes[order].astype(np.float64), k, seed)
        nearest, membership = _assigned(content, centers)
    labels = np.empty(len(points), dtype=np.int32)
    shares = np.empty(len(points), dtype=np.float32)
    rows, of_point = distinct.members, np.repeat(np.argsort(order), distinct.sizes)
    labels[rows], shares[rows] = nearest[of_point], membership[of_point]
    method = "kmeans" if len(content) <= MINI_BATCH_ABOVE else "kmeans mini-batch"
    return order_free(Clusters(labels, shares, labels, method))


def _centers(content: np.ndarray, weights: np.ndarray, k: int, seed: int) -> np.ndarray:
    model: KMeans | MiniBatchKMeans
    if len(content) <= MINI_BATCH_ABOVE:
        model = KMeans(n_clusters=k, n_init=STARTS, random_state=seed, algorithm="lloyd")
    else:
        model = MiniBatchKMeans(
            n_clusters=k, n_init=STARTS, random_state=seed, batch_size=MINI_BATCH
        )
    with warnings.catch_warnings():
        # Vectors that differ by rounding only can leave fewer than k clusters; that is fine.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(content, sample_weight=weights)
    return np.asarray(model.cluster_centers_, dtype=np.float64)


def _assigned(content: np.ndarray, centers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest centre int32 and membership float32 of every point."""
    nearest = np.zeros(len(content), dtype=np.int32)
    membership = np.ones(len(content), dtype=np.float32)
    if len(centers) == 1:
        return nearest, membership
    step = max(1, DISTANCES_AT_ONCE // len(centers))
    for start in range(0, len(content), step):
        block = slice(start, start + step)
        to_centers = pairwise_distances(content[block], centers)
        nearest[block] = to_centers.argmin(axis=1)
        own, second = np.partition(to_centers, 1, axis=1)[:, :2].T
        ratio = np.divide(own, second, out=np.ones_like(own), where=second > 0.0)
        membership[block] = 1.0 - ratio
    return nearest, membership
