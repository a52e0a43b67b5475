"""Nearest-point search, for assigning customers to clusters."""

import faiss
import numpy as np

from kindred.neighbours.distances import pair_distances
from kindred.neighbours.distinct import find_distinct
from kindred.spec.metrics import Metric

CANDIDATES = 8
BLOCK = 4096


def nearest_point(queries: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Index of the point nearest to each query by Euclidean distance.

    Parameters
    ----------
    queries : ndarray of float32, shape (queries, dimensions)
    points : ndarray of float32, shape (points, dimensions)
        At least one.

    Returns
    -------
    ndarray of int64, shape (queries,)
        FAISS proposes a few distinct points; the nearest of them in float64 wins. Ties go to the
        smallest index.
    """
    rows = find_distinct(points, np.ones(len(points), dtype=np.bool_)).first_rows
    return np.asarray(rows[_nearest_distinct(queries, points[rows])])


def _nearest_distinct(queries: np.ndarray, points: np.ndarray) -> np.ndarray:
    # Centred because FAISS computes distances from squared norms in float32.
    centroid = points.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = np.ascontiguousarray(points - centroid)
    count = min(CANDIDATES, len(points))
    nearest = np.empty(len(queries), dtype=np.int64)
    for start in range(0, len(queries), BLOCK):
        block = np.ascontiguousarray(queries[start : start + BLOCK])
        candidates = np.sort(faiss.knn(block - centroid, centred, count)[1], axis=1)
        rows = np.repeat(np.arange(len(block)), count)
        distances = pair_distances(Metric.L2, block, points, rows, candidates.ravel())
        best = distances.reshape(candidates.shape).argmin(axis=1)
        nearest[start : start + BLOCK] = candidates[np.arange(len(block)), best]
    return nearest
