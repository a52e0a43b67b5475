"""IVFFlat lists as clusters: lists of an index, or of the same k-means outside the database."""

import numpy as np

from kindred.neighbours.distances import eligible, normalised, pair_distances
from kindred.neighbours.distinct import Distinct, find_distinct
from kindred.neighbours.threads import in_threads
from kindred.segments.clusters import NOISE, Clusters, ListMembers, order_free
from kindred.segments.nearest import nearest_point
from kindred.serving.candidates import train_lists
from kindred.serving.ivfflat_memory import sample_rows
from kindred.spec.metrics import Metric


def clusters_of_lists(
    vectors: np.ndarray,
    metric: Metric,
    centroids: np.ndarray,
    lists: np.ndarray,
    *,
    method: str,
    generation: int | None = None,
) -> Clusters:
    """Turn lists into clusters, with every customer's distance to the centroid of its list.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    metric : Metric
    centroids : ndarray of float32, shape (lists, dimensions)
    lists : ndarray of int32, shape (rows,)
        From 0; -1 for customers in no list (pgvector does not index zero vectors under cosine).
    method : str
    generation : int, optional
        The generation whose index has these lists.

    Returns
    -------
    Clusters
        A list is a hard cluster: ``membership`` is 1. Customers in no list are noise; they are
        equally far from all centroids, so their nearest cluster is set to the largest list.
    """
    is_member = lists >= 0
    rows = np.flatnonzero(is_member)
    distances = np.full(len(vectors), np.nan, dtype=np.float32)
    distances[rows] = pair_distances(metric, vectors, centroids, rows, lists[rows])
    labels = lists.astype(np.int32)
    largest = np.bincount(lists[rows]).argmax() if len(rows) else NOISE
    return order_free(
        Clusters(
            labels,
            is_member.astype(np.float32),
            np.where(is_member, labels, largest).astype(np.int32),
            method,
            lists=ListMembers(labels + np.int32(1), distances, generation),
        )
    )


def nearest_lists(vectors: np.ndarray, metric: Metric, centroids: np.ndarray) -> np.ndarray:
    """The list into which pgvector would insert each vector, up to ties.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
        Without zero vectors under cosine.
    metric : Metric
        Under cosine and inner product the centroids are unit vectors, so the nearest centroid is
        the one with the largest inner product, which is how pgvector ranks them.
    centroids : ndarray of float32, shape (lists, dimensions)

    Returns
    -------
    ndarray of int32, shape (rows,)
    """
    points = normalised(vectors) if metric is Metric.COSINE else np.asarray(vectors, np.float32)
    return nearest_point(points, centroids).astype(np.int32)


def cluster_into_lists(
    vectors: np.ndarray,
    metric: Metric,
    lists: int,
    *,
    seed: int,
    why: str,
    distinct: Distinct | None = None,
) -> Clusters:
    """Cluster as an IVFFlat index with this number of lists does, without the index.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    metric : Metric
        Under cosine and inner product k-means is spherical, as in pgvector.
    lists : int
        At least 1; capped at the number of distinct vectors.
    seed : int
    why : str
        Why the lists are not read from an index; becomes part of ``method``.
    distinct : Distinct, optional
        The distinct eligible vectors, if they are known.

    Returns
    -------
    Clusters
        Does not depend on the order of the rows (except for the order of equally large clusters)
        or the number of threads. Trained by Lloyd's algorithm (`faiss.Kmeans`) on a sample as large
        as pgvector's. Zero vectors under cosine are noise.
    """
    found = np.full(len(vectors), NOISE, dtype=np.int32)
    distinct = distinct or find_distinct(vectors, eligible(metric, vectors))
    lists = min(lists, len(distinct.first_rows))
    method = f"k-means of {lists} list{'' if lists == 1 else 's'} ({why})"
    centroids = np.empty((0, vectors.shape[1]), dtype=np.float32)
    if lists:
        by_content = distinct.members_of(distinct.content_order)[1]
        centroids = _train(vectors[_draw(by_content, lists, seed)], metric, lists, seed)
        first_rows = distinct.first_rows
        of_distinct = nearest_lists(vectors[first_rows], metric, centroids)
        found[distinct.members] = np.repeat(of_distinct, distinct.sizes)
    return clusters_of_lists(vectors, metric, centroids, found, method=method)


def _draw(rows: np.ndarray, lists: int, seed: int) -> np.ndarray:
    size = min(len(rows), max(lists, sample_rows(lists)))
    return rows[np.sort(np.random.default_rng(seed).choice(len(rows), size, replace=False))]


def _train(points: np.ndarray, metric: Metric, lists: int, seed: int) -> np.ndarray:
    """Train centroids on one thread: several would sum products in another order."""
    found: list[np.ndarray] = []

    def train(*_: int) -> None:
        found.append(train_lists(points, metric, lists, seed))

    in_threads(train, [(0, 1)], 1, "training lists", "runs")
    return found[0]
