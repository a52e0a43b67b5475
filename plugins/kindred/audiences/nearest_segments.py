"""Which of the segments that an audience's seeds are in a member is most like."""

import numpy as np
from numpy.typing import NDArray

from kindred.neighbours.distances import normalised
from kindred.segments.clusters import NOISE
from kindred.segments.nearest import nearest_point
from kindred.spec.metrics import Metric

LEAST_SEEDS = 5
"""Seeds of a segment whose centroid counts: of fewer, it would say something of a person."""


def nearest_segments(
    seeds: NDArray[np.float32],
    labels: NDArray[np.int32],
    members: NDArray[np.float32],
    metric: Metric,
) -> NDArray[np.int32]:
    """The label of the segment whose seeds' centroid is nearest to each member, int32 (members,).

    Parameters
    ----------
    seeds, members : ndarray of float32, shape (seeds, dimensions) and (members, dimensions)
    labels : ndarray of int32, shape (seeds,)
        The segments of the seeds; noise is -1 and is no segment.
    metric : Metric
        For cosine the vectors are normalised first; else the distance is Euclidean. Ties go to the
        larger segment, which has the smaller label.

    Returns
    -------
    ndarray of int32, shape (members,)
        -1 for all where no segment has at least 5 seeds.
    """
    if metric is Metric.COSINE:
        seeds, members = normalised(seeds), normalised(members)
    counts = np.bincount(labels[labels != NOISE])
    segments = np.flatnonzero(counts >= LEAST_SEEDS).astype(np.int32)
    if not len(segments):
        return np.full(len(members), NOISE, dtype=np.int32)
    means = [seeds[labels == label].mean(axis=0, dtype=np.float64) for label in segments]
    nearest = nearest_point(members, np.stack(means).astype(np.float32))
    return np.asarray(segments[nearest], dtype=np.int32)
