"""Which of the segments that an audience's seeds are in a member is most like."""

import numpy as np
from numpy.typing import NDArray

from kindred.neighbours.distances import pair_distances
from kindred.segments.clusters import NOISE
from kindred.spec.metrics import Metric

LEAST_SEEDS = 5
"""Seeds of a segment whose centroid counts: of fewer, it would say something of a person."""
MEMBERS_AT_ONCE = 1 << 14


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
        Ties go to the larger segment, which has the smaller label.

    Returns
    -------
    ndarray of int32, shape (members,)
        -1 where no segment has at least 5 seeds, or the metric knows no distance.
    """
    nearest = np.full(len(members), NOISE, dtype=np.int32)
    counts = np.bincount(labels[labels != NOISE])
    segments = np.flatnonzero(counts >= LEAST_SEEDS).astype(np.int32)
    if not len(segments):
        return nearest
    means = [seeds[labels == label].mean(axis=0, dtype=np.float64) for label in segments]
    centroids = np.stack(means)
    for start in range(0, len(members), MEMBERS_AT_ONCE):
        block = members[start : start + MEMBERS_AT_ONCE]
        rows = np.repeat(np.arange(len(block)), len(segments))
        columns = np.tile(np.arange(len(segments)), len(block))
        found = pair_distances(metric, block, centroids, rows, columns)
        found = np.where(np.isnan(found), np.inf, found).reshape(len(block), len(segments))
        is_known = np.isfinite(found.min(axis=1))
        chosen = np.where(is_known, segments[found.argmin(axis=1)], NOISE)
        nearest[start : start + MEMBERS_AT_ONCE] = chosen
    return nearest
