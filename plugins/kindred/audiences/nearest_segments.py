"""Which of the segments that an audience's seeds are in a member is most like."""

import numpy as np
from numpy.typing import NDArray

from kindred.neighbours.distances import pair_distances
from kindred.segments.clusters import NOISE
from kindred.spec.metrics import Metric

LEAST_SEEDS = 5
"""Seeds of a segment whose centroid counts: of fewer, it would say something of a person."""


def nearest_segments(
    vectors: NDArray[np.float32],
    labels: NDArray[np.int32],
    seeds: NDArray[np.int32],
    members: NDArray[np.int32],
    metric: Metric,
) -> NDArray[np.int32]:
    """The label of the segment whose seeds' centroid is nearest to each member, int32 (members,).

    Parameters
    ----------
    vectors : ndarray of float32, shape (customers, dimensions)
    labels : ndarray of int32, shape (customers,)
        Noise is -1 and is no segment.
    seeds, members : ndarray of int32
        Rows of customers.
    metric : Metric
        Ties go to the larger segment, which has the smaller label.

    Returns
    -------
    ndarray of int32, shape (members,)
        -1 where no segment has at least 5 seeds, or the metric knows no distance.
    """
    counts = np.bincount(labels[seeds][labels[seeds] != NOISE])
    segments = np.flatnonzero(counts >= LEAST_SEEDS).astype(np.int32)
    if not len(segments) or not len(members):
        return np.full(len(members), NOISE, dtype=np.int32)
    centroids = np.stack(
        [
            vectors[seeds[labels[seeds] == segment]].mean(axis=0, dtype=np.float64)
            for segment in segments
        ]
    )
    rows = np.repeat(members, len(segments))
    columns = np.tile(np.arange(len(segments)), len(members))
    found = pair_distances(metric, vectors, centroids, rows, columns)
    found = np.where(np.isnan(found), np.inf, found).reshape(len(members), len(segments))
    nearest = segments[found.argmin(axis=1)]
    return np.where(np.isinf(found.min(axis=1)), NOISE, nearest).astype(np.int32)
