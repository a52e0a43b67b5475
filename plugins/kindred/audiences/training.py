"""Train an audience: choose the best of several methods, rank the pool, and measure it."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.audiences.populations import Populations
from kindred.audiences.trained import Trained

Columns = Callable[[NDArray[np.integer]], pd.DataFrame]
"""The raw values of the public columns of some customers, one row each, in the order asked for."""


def train(
    vectors: NDArray[np.float32],
    populations: Populations,
    hashes: NDArray[np.uint64],
    sizes: Sequence[float],
    *,
    blocks: Mapping[str, tuple[int, int]],
    labels: Columns | None = None,
    threads: int = 1,
) -> Trained:
    """Train an audience.

    Parameters
    ----------
    vectors : ndarray of float32, shape (customers, dimensions)
        The snapshot's, or their public part; may be mapped from disk.
    populations : Populations
        Seeds are told from ``others``; without these, from all who are neither seeds nor excluded.
    hashes : ndarray of uint64, shape (customers,)
        A keyed hash of each customer. It decides folds, samples and ties, so that the order of the
        rows does not.
    sizes : sequence of float
        Shares of the pool, ascending, in (0, 1].
    blocks : mapping of str to (int, int)
        Each public column's [start, stop) slice of the vectors.
    labels : callable, optional
        Public columns that are not encoded, without those that define the seeds, of some rows; a
        difference between seeds and pool in one of them is warned of.
    threads : int
        Changes no result.

    Raises
    ------
    AudienceError
        There are fewer than 20 seeds, nobody to rank, or nobody to tell the seeds from.
    """
    raise NotImplementedError
