"""Landmarks of a map: centroids of few customers each, but never of a single one."""

import numpy as np

POINTS_PER_LANDMARK = 10
MOST_LANDMARKS = 1_000
"""More took longer, and made no map more faithful (docs/map.md)."""


def find_landmarks(
    points: np.ndarray, customers: np.ndarray, *, seed: int, threads: int = 1
) -> np.ndarray:
    """Means of five customers or more, float32 (landmarks, dimensions); none of fewer customers.

    Parameters
    ----------
    points : ndarray of float32, shape (points, dimensions)
        Distinct, in content order, as `tiles.searchable` returns them.
    customers : ndarray of int64, shape (points,)
        The customers at each point.
    seed : int
    threads : int
        Does not change the result.
    """
    # Imported here because numba takes half a second to import, and most tasks never need it.
    from kindred.neighbours.list_training import FEWEST_CUSTOMERS, train_tree

    if customers.sum() < FEWEST_CUSTOMERS:
        return np.empty((0, points.shape[1]), dtype=np.float32)
    size = max(POINTS_PER_LANDMARK, len(points) / MOST_LANDMARKS)
    tree = train_tree(points, seed=seed, customers=customers, list_size=size, threads=threads)
    return tree.centroids
