"""Turn, mirror, scale and shift one map so that it lies as another one does."""

import numpy as np


def oriented(coordinates: np.ndarray, wanted: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The map nearest to the wanted one of all that differ by turning, mirroring and a scale.

    The rotation is that of orthogonal Procrustes (Schönemann 1966). The scale makes the weighted
    mean squares equal: the one that fits best would shrink the map a little with every refit.

    Parameters
    ----------
    coordinates, wanted : ndarray of float, shape (landmarks, 2)
    weights : ndarray of float, shape (landmarks,)
        Customers by whom a landmark counts; not all zero.

    Returns
    -------
    ndarray of float64, shape (landmarks, 2)
        Only shifted, if one of the maps is a point.
    """
    shares = (weights / weights.sum())[:, None]
    center = (shares * wanted).sum(axis=0)
    moved = coordinates - (shares * coordinates).sum(axis=0)
    target = wanted - center
    spread, wanted_spread = (float((shares * part**2).sum()) for part in (moved, target))
    if spread <= 0.0 or wanted_spread <= 0.0:
        return np.asarray(moved + center)
    left, _, right = np.linalg.svd(moved.T @ (shares * target))
    return np.asarray(moved @ (left @ right) * (wanted_spread / spread) ** 0.5 + center)


def standardised(coordinates: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The map with its weighted centroid at 0 and a mean square of 1, unless it is a point."""
    shares = (weights / weights.sum())[:, None]
    moved = coordinates - (shares * coordinates).sum(axis=0)
    spread = float((shares * moved**2).sum())
    return np.asarray(moved / spread**0.5 if spread > 0.0 else moved)
