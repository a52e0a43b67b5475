"""The inner loops of placing customers on a map."""

import numpy as np

from kindred.neighbours.compiled import compiled
from kindred.neighbours.tiles import Tiles, scan_tiles


def nearest_landmarks(points: np.ndarray, tiles: Tiles, count: int) -> np.ndarray:
    """The ``count`` landmarks nearest to each point, nearest first; int32 (points, count)."""
    scores = np.full((len(points), count), np.inf, dtype=np.float32)
    ids = np.full((len(points), count), -1, dtype=np.int32)
    scan_tiles(points, tiles.values, tiles.offsets, tiles.starts, tiles.is_product, scores, ids)
    return ids


@compiled
def interpolate(
    points: np.ndarray,
    landmarks: np.ndarray,
    coordinates: np.ndarray,
    near: np.ndarray,
    spacing: float,
    out: np.ndarray,
) -> None:
    """Store in ``out`` the weighted mean of the coordinates of each point's near landmarks.

    The weight is (1 - s / t)^2 at a squared distance of s, where t is that of the farthest one, so
    that it falls to zero where another landmark takes its place; times (1 + m / spacing^2)^-2 at a
    squared distance of m on the map from the nearest one. Without the second factor, a customer
    between two landmarks that lie far apart on the map would lie in the void between them. All sums
    are in float64 and in a fixed order.
    """
    squares = np.empty(near.shape[1], dtype=np.float64)
    for i in range(len(points)):
        farthest, nearest, least = 0.0, near[i, 0], np.inf
        for j in range(near.shape[1]):
            square = 0.0
            for d in range(points.shape[1]):
                difference = np.float64(points[i, d]) - np.float64(landmarks[near[i, j], d])
                square += difference * difference
            squares[j] = square
            farthest = max(farthest, square)
            if square < least:
                nearest, least = near[i, j], square
        x, y, total = 0.0, 0.0, 0.0
        for j in range(near.shape[1]):
            closeness = 1.0 - squares[j] / farthest if farthest > 0.0 else 1.0
            to_x = coordinates[near[i, j], 0] - coordinates[nearest, 0]
            to_y = coordinates[near[i, j], 1] - coordinates[nearest, 1]
            locality = 1.0 / (1.0 + (to_x * to_x + to_y * to_y) / (spacing * spacing))
            weight = closeness * closeness * locality * locality
            x += weight * to_x
            y += weight * to_y
            total += weight
        out[i, 0], out[i, 1] = coordinates[nearest, 0], coordinates[nearest, 1]
        if total > 0.0:  # else all are equally far
            out[i, 0] += x / total
            out[i, 1] += y / total
