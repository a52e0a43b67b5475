"""Train an audience: choose the best of several methods, rank the pool, and measure it."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.audiences.trained import Rows, Trained

Columns = Callable[[NDArray[np.integer]], pd.DataFrame]
"""The raw values of the public columns of some customers, one row each, in the order asked for."""


def train(
    vectors: NDArray[np.float32],
    seeds: Rows,
    pool: Rows,
    hashes: NDArray[np.uint64],
    sizes: Sequence[float],
    *,
    others: Rows | None = None,
    contacted: bool = False,
    judged: Rows | None = None,
    blocks: Mapping[str, tuple[int, int]],
    labels: Columns | None = None,
    threads: int = 1,
) -> Trained:
    """Train an audience.

    Parameters
    ----------
    vectors : ndarray of float32, shape (customers, dimensions)
        The snapshot's, or their public part; may be mapped from disk.
    seeds, pool : ndarray of int32
        Rows of the used seeds, and of the customers to rank; distinct.
    hashes : ndarray of uint64, shape (customers,)
        A keyed hash of each customer. It decides folds, samples and ties, so that the order of the
        rows does not.
    sizes : sequence of float
        Shares of the pool, ascending, in (0, 1].
    others : ndarray of int32, optional
        Rows of those known not to be of the seeds' kind, which the seeds are told from. Without
        them, the seeds are told from the pool.
    contacted : bool
        Whether ``others`` are those who were asked and said no. Quality is then measured among
        those asked, and a pool unlike them is warned of.
    judged : ndarray of int32, optional
        The seeds that would be in the pool if they were no seeds: those that meet its conditions.
        Quality is measured on them; without, on all seeds.
    blocks : mapping of str to (int, int)
        Each public column's [start, stop) slice of the vectors.
    labels : callable, optional
        Public columns that are not encoded, for some rows; a difference between seeds and pool in
        one of them is warned of.
    threads : int
        Changes no result.

    Raises
    ------
    AudienceError
        There are fewer than 20 seeds, or nobody to rank.
    """
    raise NotImplementedError
