"""Scores of queries against tiles of points, and the best of them: the inner loops of all searches.

A score is the squared distance or the negative inner product in float32, summed over the
dimensions in a fixed order. It only chooses candidates; it does not depend on shards or threads.
"""

from dataclasses import dataclass

import numpy as np

from kindred.neighbours.compiled import compiled, compiled_for_scores
from kindred.neighbours.distances import normalised
from kindred.spec.metrics import Metric

LANES = 16
"""The columns of a tile are a multiple of this, so that loops over them have no remainder."""

GROUP = 4
"""Queries that are scored together, and dimensions that are summed together."""


@dataclass(frozen=True)
class Tiles:
    """Points in transposed tiles: for each dimension, the values of a tile's points are contiguous.

    ``values`` float32 (sum of dimensions * padded size,): tile t begins at ``offsets[t]`` and holds
    the points ``starts[t]`` to ``starts[t + 1]``, padded with zeros. ``is_product``: whether scores
    are negative inner products.
    """

    values: np.ndarray
    offsets: np.ndarray
    starts: np.ndarray
    is_product: bool


def searchable(points: np.ndarray, metric: Metric) -> np.ndarray:
    """Prepare points for search: C-contiguous, padded with zeros, and unit vectors for cosine.

    Returns float32 of shape (points, dimensions rounded up to a multiple of 4); no copy is made if
    the points already have this form.
    """
    dimensions = points.shape[1]
    if metric is not Metric.COSINE and dimensions % GROUP == 0:
        return np.ascontiguousarray(points, dtype=np.float32)
    out = np.zeros((len(points), -(-dimensions // GROUP) * GROUP), dtype=np.float32)
    out[:, :dimensions] = normalised(points) if metric is Metric.COSINE else points
    return out


def make_tiles(points: np.ndarray, starts: np.ndarray, metric: Metric) -> Tiles:
    """Tiles of `searchable` points; ``starts`` int64 (tiles + 1,) ascends from 0 to len(points)."""
    padded = -(-np.diff(starts) // LANES) * LANES
    offsets = np.zeros(len(starts), dtype=np.int64)
    np.cumsum(padded * points.shape[1], out=offsets[1:])
    values = np.zeros(int(offsets[-1]), dtype=np.float32)
    _transpose(points, starts, offsets, values)
    return Tiles(values, offsets, starts, metric is Metric.INNER_PRODUCT)


@compiled
def padded_size(count: int) -> int:
    """The columns of a tile of ``count`` points."""
    return (count + 15) // 16 * 16


@compiled
def _transpose(
    points: np.ndarray, starts: np.ndarray, offsets: np.ndarray, values: np.ndarray
) -> None:
    for tile in range(len(starts) - 1):
        first, count = starts[tile], starts[tile + 1] - starts[tile]
        columns = padded_size(count)
        for i in range(count):
            at = offsets[tile] + i
            for d in range(points.shape[1]):
                values[at + d * columns] = points[first + i, d]


@compiled_for_scores
def score_group(
    queries: np.ndarray, tile: np.ndarray, columns: int, is_product: bool, scores: np.ndarray
) -> None:
    """Scores of four queries against a tile; ``scores`` float32 (4, at least ``columns``)."""
    for r in range(4):
        into_a = scores[r]
        for j in range(columns):
            into_a[j] = 0.0
    # Four dimensions and two queries at once: each loaded value is used twice, and each sum is
    # stored once per four terms. Blocks of 16, or single queries, compile to ten times slower code.
    for d in range(0, queries.shape[1], 4):
        t0 = tile[d * columns : (d + 1) * columns]
        t1 = tile[(d + 1) * columns : (d + 2) * columns]
        t2 = tile[(d + 2) * columns : (d + 3) * columns]
        t3 = tile[(d + 3) * columns : (d + 4) * columns]
        for r in range(0, 4, 2):
            a0, a1, a2, a3 = queries[r, d], queries[r, d + 1], queries[r, d + 2], queries[r, d + 3]
            b0, b1 = queries[r + 1, d], queries[r + 1, d + 1]
            b2, b3 = queries[r + 1, d + 2], queries[r + 1, d + 3]
            into_a, into_b = scores[r], scores[r + 1]
            if is_product:
                for j in range(columns):
                    into_a[j] -= a0 * t0[j] + a1 * t1[j] + a2 * t2[j] + a3 * t3[j]
                    into_b[j] -= b0 * t0[j] + b1 * t1[j] + b2 * t2[j] + b3 * t3[j]
            else:
                for j in range(columns):
                    x0, x1, x2, x3 = a0 - t0[j], a1 - t1[j], a2 - t2[j], a3 - t3[j]
                    y0, y1, y2, y3 = b0 - t0[j], b1 - t1[j], b2 - t2[j], b3 - t3[j]
                    into_a[j] += x0 * x0 + x1 * x1 + x2 * x2 + x3 * x3
                    into_b[j] += y0 * y0 + y1 * y1 + y2 * y2 + y3 * y3


@compiled
def score_buffer(columns: int) -> np.ndarray:
    """A buffer for the scores of four queries, padded to whole steps of `keep_best`."""
    return np.zeros((4, (columns + 63) // 64 * 64), dtype=np.float32)


@compiled
def keep_best(
    scores: np.ndarray, count: int, first: int, kept: np.ndarray, ids: np.ndarray
) -> None:
    """Insert the scores of the points from ``first`` on into the sorted best scores.

    Of equal scores the lower point comes first, whichever was inserted first. ``scores`` is a row
    of a `score_buffer`, of which the first ``count`` values are valid.
    """
    last = len(kept) - 1
    limit = kept[last]
    for start in range(0, count, 64):
        block = scores[start : start + 64]
        # Hardly any block holds a better score. Counting in a fixed number of steps compiles to a
        # few SIMD comparisons of 16 values.
        better = 0
        for j in range(64):
            better += block[j] <= limit
        if better:
            for j in range(min(64, count - start)):
                point = first + start + j
                if block[j] < limit or (block[j] == limit and point < ids[last]):
                    insert(block[j], point, kept, ids)
                    limit = kept[last]


@compiled
def insert(score: np.float32, point: int, kept: np.ndarray, ids: np.ndarray) -> None:
    """Insert a point into the best, sorted by score and point; the last one drops out."""
    at = len(kept) - 1
    while at > 0 and (kept[at - 1] > score or (kept[at - 1] == score and ids[at - 1] > point)):
        kept[at] = kept[at - 1]
        ids[at] = ids[at - 1]
        at -= 1
    kept[at] = score
    ids[at] = point


@compiled
def scan_tiles(
    queries: np.ndarray,
    values: np.ndarray,
    offsets: np.ndarray,
    starts: np.ndarray,
    is_product: bool,
    kept: np.ndarray,
    ids: np.ndarray,
) -> None:
    """Find the best of all points for each query; tile by tile, so that tiles stay in the cache.

    ``kept`` float32 and ``ids`` int32, both (queries, best), must be initialised with infinity and
    -1.
    """
    widest = padded_size(np.max(starts[1:] - starts[:-1]))
    scores = score_buffer(widest)
    group = np.empty((4, queries.shape[1]), dtype=np.float32)
    for tile in range(len(starts) - 1):
        count = starts[tile + 1] - starts[tile]
        block = values[offsets[tile] : offsets[tile + 1]]
        for q in range(0, len(queries), 4):
            for r in range(4):
                group[r] = queries[min(q + r, len(queries) - 1)]
            score_group(group, block, padded_size(count), is_product, scores)
            for r in range(min(4, len(queries) - q)):
                keep_best(scores[r], count, starts[tile], kept[q + r], ids[q + r])
