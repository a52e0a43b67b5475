"""The medoid of a cluster: its most central customer."""

import numpy as np
from numpy.typing import NDArray

from kindred.neighbours.distances import normalised
from kindred.segments.clusters import NOISE
from kindred.spec.metrics import Metric

ROWS_AT_ONCE = 1 << 14
"""Rows per block; two float64 blocks of 80 dimensions take 20 MB."""


def find_medoids(
    vectors: NDArray[np.float32], labels: NDArray[np.int32], clusters: int, metric: Metric
) -> NDArray[np.int64]:
    """Find the member nearest to the mean of each cluster's vectors.

    This member also has the smallest sum of squared distances to all others: that sum is n times
    the member's squared distance to the mean, plus a constant. Comparing all pairs would cost the
    square of the cluster's size.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    labels : ndarray of int32, shape (rows,)
        From -1 (noise) to ``clusters - 1``; every cluster has members.
    clusters : int
    metric : Metric
        For cosine the vectors are normalised first; else the distance is Euclidean.

    Returns
    -------
    ndarray of int64, shape (clusters,)
        Rows; ties go to the first.
    """
    means = _means(vectors, labels, clusters, metric)
    nearest = np.full(clusters, np.inf)
    medoids = np.full(clusters, -1, dtype=np.int64)
    for start in range(0, len(labels), ROWS_AT_ONCE):
        rows, block = _members(vectors, labels, start, metric)
        of_rows = labels[rows]
        distances = np.square(block - means[of_rows]).sum(axis=1)
        # In this order the first row of each label is its nearest; ties go to the first row.
        order = np.lexsort((rows, distances, of_rows))
        found, first = np.unique(of_rows[order], return_index=True)
        best = order[first]
        is_nearer = distances[best] < nearest[found]
        nearest[found[is_nearer]] = distances[best][is_nearer]
        medoids[found[is_nearer]] = rows[best][is_nearer]
    return medoids


def _means(
    vectors: NDArray[np.float32], labels: NDArray[np.int32], clusters: int, metric: Metric
) -> NDArray[np.float64]:
    sums = np.zeros((clusters, vectors.shape[1]))
    for start in range(0, len(labels), ROWS_AT_ONCE):
        rows, block = _members(vectors, labels, start, metric)
        if len(rows):
            order = np.argsort(labels[rows], kind="stable")
            found, first = np.unique(labels[rows][order], return_index=True)
            sums[found] += np.add.reduceat(block[order], first, axis=0)
    sizes = np.bincount(labels[labels != NOISE], minlength=clusters)
    return np.asarray(sums / np.maximum(sizes, 1)[:, None])


def _members(
    vectors: NDArray[np.float32], labels: NDArray[np.int32], start: int, metric: Metric
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The rows of a block that belong to a cluster, and their vectors."""
    rows = start + np.flatnonzero(labels[start : start + ROWS_AT_ONCE] != NOISE)
    block = vectors[rows]
    return rows, (normalised(block) if metric is Metric.COSINE else block).astype(np.float64)
