"""Inverted lists: FAISS IVFFlat over distinct vectors, the same for any number of threads."""

from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np

from kindred.graph.distances import normalised
from kindred.graph.distinct import Distinct
from kindred.metrics import Metric

POINTS_PER_CENTROID = 64
"""Training points for each centroid; FAISS warns below 39 and uses at most 256 by default."""

TRAINING_ROUNDS = 10

BLOCK = 4096
"""Queries per block. Blocks are whole in every shard, so that matrix products have one shape."""


@dataclass(frozen=True)
class Lists:
    """Trained centroids, float32 (lists, dimensions), and the list of each point, int32."""

    centroids: np.ndarray
    assignment: np.ndarray


def searchable(points: np.ndarray, metric: Metric) -> np.ndarray:
    """What FAISS is given: float32, C-contiguous; unit vectors for cosine."""
    if metric is Metric.COSINE:
        return normalised(points)
    return np.ascontiguousarray(points, dtype=np.float32)


def train_lists(
    points: np.ndarray, distinct: Distinct, metric: Metric, lists: int, *, seed: int
) -> Lists:
    """Train the centroids once, on a seeded sample in content order, and assign every point.

    Parameters
    ----------
    points : ndarray of float32, shape (distinct, dimensions)
        As `searchable` gives them.
    lists : int
        Number of centroids, at most the number of points.
    """
    size = min(len(points), lists * POINTS_PER_CENTROID)
    picked = np.sort(np.random.default_rng(seed).choice(len(points), size=size, replace=False))
    kmeans = faiss.Kmeans(
        points.shape[1],
        lists,
        niter=TRAINING_ROUNDS,
        seed=seed,
        spherical=metric is Metric.COSINE,
        min_points_per_centroid=1,
        max_points_per_centroid=POINTS_PER_CENTROID,
    )
    kmeans.train(points[distinct.content_order[picked]])
    centroids = np.ascontiguousarray(kmeans.centroids, dtype=np.float32)
    assignment = np.empty(len(points), dtype=np.int32)
    for start in range(0, len(points), BLOCK):
        nearest = faiss.knn(points[start : start + BLOCK], centroids, 1)[1]
        assignment[start : start + BLOCK] = nearest[:, 0]
    return Lists(centroids, assignment)


class ListSearch:
    """Approximate nearest points by scanning the lists of the nearest centroids."""

    def __init__(
        self, points: np.ndarray, distinct: Distinct, metric: Metric, lists: Lists
    ) -> None:
        self._points = points
        self._centroids = lists.centroids
        self._faiss_metric = faiss.METRIC_L2 if metric is Metric.L2 else faiss.METRIC_INNER_PRODUCT
        dimensions = points.shape[1]
        # Referenced for as long as the index, which does not own it.
        self._quantizer = faiss.IndexFlat(dimensions, self._faiss_metric)
        self._quantizer.add(lists.centroids)
        # FAISS types its C++ signatures; the arrays are taken by the wrappers it adds at import.
        self._index: Any = faiss.IndexIVFFlat(
            self._quantizer, dimensions, len(lists.centroids), self._faiss_metric
        )
        self._index.is_trained = True
        self._add(distinct.content_order.astype(np.int64), lists.assignment)

    def _add(self, order: np.ndarray, assignment: np.ndarray) -> None:
        # Ties inside FAISS fall by position in a list, so positions follow the content.
        for start in range(0, len(order), 16 * BLOCK):
            ids = order[start : start + 16 * BLOCK]
            block = np.ascontiguousarray(self._points[ids])
            keys = assignment[ids].astype(np.int64)
            self._index.add_core(
                len(ids), faiss.swig_ptr(block), faiss.swig_ptr(ids), faiss.swig_ptr(keys)
            )

    def candidates(self, indices: np.ndarray, probes: int, count: int) -> np.ndarray:
        """For each point in ``indices`` about ``count`` near points; -1 where lists ran dry.

        Returns int64 (queries, count); the point itself may be among them.
        """
        queries = np.ascontiguousarray(self._points[indices])
        coarse_distances, coarse = faiss.knn(
            queries, self._centroids, probes, metric=self._faiss_metric
        )
        self._index.nprobe = probes
        _, found = self._index.search_preassigned(queries, count, coarse, coarse_distances)
        return np.asarray(found, dtype=np.int64)
