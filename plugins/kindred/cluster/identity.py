"""Which cluster of tonight continues which cluster of an earlier night."""

import numpy as np
from scipy.optimize import linear_sum_assignment

NEW = -1

MIN_CUSTOMERS_IN_COMMON = 1
"""A cluster continues another only if at least this many customers are in both."""


def match_clusters(overlap: np.ndarray) -> np.ndarray:
    """Pair clusters one to one so that as many customers as possible keep their cluster.

    Parameters
    ----------
    overlap : ndarray of int64, shape (labels, previous clusters)
        Customers in common.

    Returns
    -------
    ndarray of int64, shape (labels,)
        Column of the cluster that each label continues; -1 for a new one, which has no customer in
        common with a cluster that is still free. The assignment problem is solved exactly (Kuhn
        1955; Crouse 2016).
    """
    matched = np.full(overlap.shape[0], NEW, dtype=np.int64)
    labels, previous = linear_sum_assignment(overlap, maximize=True)
    is_match = overlap[labels, previous] >= MIN_CUSTOMERS_IN_COMMON
    matched[labels[is_match]] = previous[is_match]
    return matched
