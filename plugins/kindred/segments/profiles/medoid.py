"""The medoid of a cluster: the customer who stands for it."""

import numpy as np
from numpy.typing import NDArray

from kindred.neighbours.distances import normalised
from kindred.segments.clusters import NOISE
from kindred.spec.metrics import Metric

ROWS_AT_ONCE = 1 << 14
"""Rows per block: two float64 blocks of 80 dimensions are 20 MB."""


def find_medoids(
    vectors: NDArray[np.float32], labels: NDArray[np.int32], clusters: int, metric: Metric
) -> NDArray[np.int64]:
    """The member nearest to the mean of each cluster's vectors.

    The mean stands in for the sum of all distances within the cluster, which would cost the square
    of its size: the squared distances of one member to all others add up to n times its squared
    distance to the mean, plus what all members share.

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
        Rows; of equally near members the first.
    """
    means = _means(vectors, labels, clusters, metric)
    nearest = np.full(clusters, np.inf)
    medoids = np.full(clusters, -1, dtype=np.int64)
    for start in range(0, len(labels), ROWS_AT_ONCE):
        rows, block = _members(vectors, labels, start, metric)
        of_rows = labels[rows]
        distances = np.square(block - means[of_rows]).sum(axis=1)
        # The first of each label in this order is its nearest, of equal ones the first row.
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
    """The rows of a block that are in a cluster, and their vectors."""
    rows = start + np.flatnonzero(labels[start : start + ROWS_AT_ONCE] != NOISE)
    block = vectors[rows]
    return rows, (normalised(block) if metric is Metric.COSINE else block).astype(np.float64)
