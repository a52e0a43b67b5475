"""Lay out the landmarks of a map: alike ones near each other, and as they lay before a refit."""

import numpy as np

from kindred.maps.orientation import oriented, standardised
from kindred.maps.placing import INTERPOLATED_FROM
from kindred.run.threads import one_library_thread

PERPLEXITY = 30.0
"""The usual number of neighbours that t-SNE looks at; 10 made maps no more faithful."""

ITERATIONS, ITERATIONS_OF_REFIT = 750, 500

SPREAD = 1e-4
"""Standard deviation at the beginning, as usual: so that the components decide on the large scale
only. In the first 250 iterations, alike landmarks attract each other more than they should."""

SPREAD_OF_REFIT = 0.6
"""The same per root of the landmarks, where they begin as they lay on an earlier map: about as wide
as it becomes. With it, and without the exaggeration, customers move half as far (docs/map.md)."""


def lay_out(
    landmarks: np.ndarray, customers: np.ndarray, start: np.ndarray | None = None
) -> np.ndarray:
    """Coordinates of landmarks, float32 (landmarks, 2).

    Few landmarks are projected on their two principal components. More are laid out by t-SNE (van
    der Maaten and Hinton 2008) from where they begin: the components, or an earlier map.

    Parameters
    ----------
    landmarks : ndarray of float32, shape (landmarks, dimensions)
    customers : ndarray of int, shape (landmarks,)
        Those nearest to each landmark.
    start : ndarray of float64, shape (landmarks, 2), optional
        Where their customers lie on an earlier map; NaN if there are none. The new map is turned,
        mirrored and scaled to it.
    """
    if not len(landmarks):
        return np.empty((0, 2), dtype=np.float32)
    weights = np.maximum(customers, 1).astype(np.float64)
    known = np.zeros(len(landmarks), dtype=bool)
    with one_library_thread():
        found = begin = _components(landmarks)
        if start is not None:
            known = np.isfinite(start).all(axis=1) & (customers > 0)
        if start is not None and known.any():
            begin = np.array(start)
            begin[~known] = start[known].mean(axis=0)
        if len(landmarks) >= INTERPOLATED_FROM:
            found = _by_neighbours(landmarks, begin, is_refit=bool(known.any()))
        if known.any():
            return oriented(found, begin, np.where(known, weights, 0.0)).astype(np.float32)
        return standardised(found, weights).astype(np.float32)


def means_of_groups(places: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """The mean place of each group, float64 (count, 2); NaN where a group is empty.

    ``places`` float32 (rows, 2), ``groups`` int (rows,).
    """
    sums = [np.bincount(groups, places[:, axis].astype(np.float64), count) for axis in (0, 1)]
    with np.errstate(invalid="ignore"):
        return np.asarray(np.transpose(sums) / np.bincount(groups, minlength=count)[:, None])


def _components(landmarks: np.ndarray) -> np.ndarray:
    """The first two principal components; the largest part of each axis is positive."""
    moved = landmarks.astype(np.float64)
    moved -= moved.mean(axis=0)
    left, values, right = np.linalg.svd(moved, full_matrices=False)
    signs = np.sign(right[np.arange(len(right)), np.abs(right).argmax(axis=1)])
    found = np.zeros((len(landmarks), 2))
    width = min(2, len(values))
    found[:, :width] = (left * values * np.where(signs < 0, -1.0, 1.0))[:, :width]
    return found


def _by_neighbours(landmarks: np.ndarray, begin: np.ndarray, *, is_refit: bool) -> np.ndarray:
    # Imported here because it takes a second, and is needed once per encoder.
    from sklearn.manifold import TSNE

    wanted = SPREAD_OF_REFIT * len(landmarks) ** 0.5 if is_refit else SPREAD
    model = TSNE(
        init=(begin * (wanted / (begin.std() or 1.0))).astype(np.float32),
        perplexity=min(PERPLEXITY, (len(landmarks) - 1) / 3),
        early_exaggeration=1.0 if is_refit else 12.0,
        max_iter=ITERATIONS_OF_REFIT if is_refit else ITERATIONS,
        random_state=0,
        n_jobs=1,
    )
    return np.asarray(model.fit_transform(landmarks), dtype=np.float64)
