"""Truncated singular value decomposition of sparse weights, the same bits on every run."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.run.threads import one_library_thread

SEED = 20_180_401
DECIMALS = 6  # stored decimals of a decomposition: as precise as float32, and short in JSON


def decompose(weights: Any, count: int) -> NDArray[np.float64]:
    """The ``count`` directions in which the rows of ``weights`` differ most, from the origin.

    Parameters
    ----------
    weights : csr_array of float64, shape (rows, terms)
        In an order that does not depend on the order of the customers: sums over rows do.
    count : int
        At most the smaller number of rows and terms.

    Returns
    -------
    ndarray of float64, shape (terms, count)
        Rounded to `DECIMALS`. Halko, Martinsson & Tropp (2011): random projection with a fixed
        seed and seven power iterations, in one thread, since sums depend on the number of threads.
    """
    # Imported here because scikit-learn takes time to import, and most tasks never need it.
    from sklearn.decomposition import TruncatedSVD

    # It divides by the variance of the rows, which may be equal.
    with one_library_thread(), np.errstate(invalid="ignore", divide="ignore"):
        svd = TruncatedSVD(count, n_iter=7, random_state=SEED).fit(weights)
    return np.asarray(np.round(svd.components_.T, DECIMALS))
