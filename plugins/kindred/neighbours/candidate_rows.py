"""Turn candidate points into neighbouring customers, by exact distance in a fixed order."""

import numpy as np

from kindred.neighbours.compiled import compiled
from kindred.spec.metrics import Metric

KINDS = {Metric.L2: 0, Metric.INNER_PRODUCT: 1, Metric.COSINE: 2}
"""Numbers of the metrics in compiled code."""


@compiled
def nearest_rows(
    kind: int,
    queries: np.ndarray,
    points: np.ndarray,
    candidates: np.ndarray,
    starts: np.ndarray,
    members: np.ndarray,
    rows: np.ndarray,
    distances: np.ndarray,
) -> None:
    """Find the nearest customers of each query among those at its candidate points.

    ``candidates`` int32 (queries, candidates), -1 for none. The customers at point i are
    ``members[starts[i]:starts[i + 1]]``, ascending. Fills ``rows`` int32 and ``distances`` float32,
    (queries, width), with the same results as `distinct.select_rows` of `distances.pair_distances`:
    -1 and NaN if there are too few customers at the candidates.
    """
    width = rows.shape[1]
    for q in range(len(candidates)):
        filled = 0
        for candidate in candidates[q]:
            if candidate < 0:
                continue
            distance = exact_distance(kind, queries[q], points[candidate])
            start, stop = starts[candidate], starts[candidate + 1]
            for member in members[start : min(stop, start + width)]:
                filled = _insert(rows[q], distances[q], filled, member, distance)
        rows[q, filled:] = -1
        distances[q, filled:] = np.nan


@compiled
def exact_distance(kind: int, left: np.ndarray, right: np.ndarray) -> np.float32:
    """The distance as `distances.distances` computes it, bit for bit: float64 sums in one order."""
    products = 0.0
    left_square = 0.0
    right_square = 0.0
    for d in range(len(left)):
        a, b = np.float64(left[d]), np.float64(right[d])
        if kind == 0:
            products += (a - b) * (a - b)
        else:
            products += a * b
            left_square += a * a
            right_square += b * b
    if kind == 0:
        return np.float32(np.sqrt(products))
    if kind == 1:
        return np.float32(0.0 - products)
    cosine = products / np.sqrt(left_square * right_square)
    return np.float32(1.0 - min(max(cosine, -1.0), 1.0))


@compiled
def _insert(
    rows: np.ndarray, distances: np.ndarray, filled: int, row: int, distance: np.float32
) -> int:
    at = min(filled, len(rows))
    if at == len(rows):
        at -= 1
        if (distances[at], rows[at]) <= (distance, row):
            return filled
    while at > 0 and (distances[at - 1], rows[at - 1]) > (distance, row):
        rows[at], distances[at] = rows[at - 1], distances[at - 1]
        at -= 1
    rows[at], distances[at] = row, distance
    return min(filled + 1, len(rows))
