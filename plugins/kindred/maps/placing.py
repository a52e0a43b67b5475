"""Place customers on a map: each by its nearest landmarks, whoever else is there."""

import numpy as np

from kindred.maps.layout import Layout
from kindred.neighbours.threads import cut, in_threads
from kindred.run.threads import one_library_thread

INTERPOLATED_FROM = 20
"""Landmarks from which customers are placed between the nearest ones, which is then more faithful
(docs/map.md). With fewer, the map is a projection: an affine function of the vector."""

NEAREST = 10
"""Landmarks that a customer is placed between. Five or twenty made maps about as faithful."""

SPACED = 5
"""How many landmarks are nearer on the map than the spacing, by which places are local."""

RELATIVE_RANK = 1e-6
"""Singular values below this share of the largest are rounding errors of float32 landmarks."""

ROWS_AT_ONCE = 4096

TILE = 128
"""Landmarks per tile, as in `scan`."""


def place(points: np.ndarray, layout: Layout, *, threads: int = 1) -> np.ndarray:
    """Where each point lies on the map, float32 (points, 2).

    ``points`` float32 (points, dimensions), as `tiles.searchable` returns them. The place of a
    point depends on nothing but the point and the layout.
    """
    if len(layout.landmarks) < INTERPOLATED_FROM:
        return _projected(points, layout)
    # Imported here because numba takes half a second to import, and small spaces never need it.
    from kindred.maps.kernel import interpolate, nearest_landmarks
    from kindred.neighbours.tiles import make_tiles
    from kindred.spec.metrics import Metric

    landmarks = np.ascontiguousarray(layout.landmarks, dtype=np.float32)
    coordinates = np.ascontiguousarray(layout.coordinates, dtype=np.float64)
    starts = np.append(np.arange(0, len(landmarks), TILE), len(landmarks)).astype(np.int64)
    tiles = make_tiles(landmarks, starts, Metric.L2)
    spacing = spacing_of(coordinates)
    out = np.empty((len(points), 2), dtype=np.float32)

    def work(start: int, stop: int) -> None:
        block = np.ascontiguousarray(points[start:stop])
        near = nearest_landmarks(block, tiles, NEAREST + 1)
        interpolate(block, landmarks, coordinates, near, spacing, out[start:stop])

    pieces = cut(len(points), ROWS_AT_ONCE)
    in_threads(work, pieces, threads, "placing customers on the map", "customers")
    return out


def spacing_of(coordinates: np.ndarray) -> float:
    """The median distance of a landmark to the fifth nearest other one on the map; not 0."""
    # Imported here because scipy.spatial takes time to import, and most tasks never need it.
    from scipy.spatial import KDTree

    distances = KDTree(coordinates).query(coordinates, k=[SPACED + 1])[0]
    return float(np.median(distances)) or 1.0


def _projected(points: np.ndarray, layout: Layout) -> np.ndarray:
    """The affine function of the vector that fits the landmarks, of those the flattest one."""
    out = np.zeros((len(points), 2), dtype=np.float64)
    if len(layout.landmarks) == 0:
        return out.astype(np.float32)
    landmarks, coordinates = layout.landmarks.astype(np.float64), layout.coordinates
    middle, center = landmarks.mean(axis=0), coordinates.mean(axis=0, dtype=np.float64)
    with one_library_thread():
        axes = np.linalg.pinv(landmarks - middle, rcond=RELATIVE_RANK) @ (coordinates - center)
    # Dimension by dimension, so that no bit depends on the place of a point among others.
    for dimension, (to_x, to_y) in enumerate(axes):
        moved = points[:, dimension] - middle[dimension]
        out[:, 0] += moved * to_x
        out[:, 1] += moved * to_y
    return np.asarray(out + center, dtype=np.float32)
