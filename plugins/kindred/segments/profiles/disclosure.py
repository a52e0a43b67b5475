"""How much segments say about a column: what is left of the error of guessing its values."""

import numpy as np
from numpy.typing import NDArray

LEAST_ERROR_SHARE = 0.55
"""Segments that leave less of the error are not shown.

Readers shall be left with half of the error of a guess from the public columns, which they can
combine with the segments. Of 60 random tables, random forests halved that error in none of those
that leave more than this.
"""


def error_share(
    block: NDArray[np.float32], labels: NDArray[np.int32], *, is_category: bool
) -> float:
    """Error of guessing a customer's value from the segment, as a share of that without it.

    Parameters
    ----------
    block : ndarray of float32, shape (rows, width)
        The dimensions of one column.
    labels : ndarray of int32, shape (rows,)
        Noise is -1 and counts as a segment.
    is_category : bool
        Whether the block is one-hot. The error is then the share of wrong guesses, and otherwise
        the mean absolute error, summed over the dimensions.

    Returns
    -------
    float
        1 where a segment says nothing, or where all values are equal.
    """
    count = _wrong_guesses if is_category else _absolute_errors
    whole = count(block)
    starts = np.flatnonzero(np.diff(np.sort(labels))) + 1
    parts = np.split(block[np.argsort(labels, kind="stable")], starts)
    return sum(map(count, parts)) / whole if whole > 0 else 1.0


def joint_labels(first: NDArray[np.int32] | None, second: NDArray[np.int32]) -> NDArray[np.int32]:
    """Labels int32 (rows,) of the segments that two clusterings make together."""
    if first is None:
        return second
    pairs = np.stack([first, second])
    return np.unique(pairs, axis=1, return_inverse=True)[1].reshape(-1).astype(np.int32)


def _absolute_errors(block: NDArray[np.float32]) -> float:
    return float(np.abs(block - np.median(block, axis=0)).sum(dtype=np.float64))


def _wrong_guesses(block: NDArray[np.float32]) -> float:
    return float(len(block) - np.bincount(block.argmax(axis=1)).max())
