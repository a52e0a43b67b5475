"""The fewest probes that reach a target recall, and the confidence interval of a recall."""

import math
from collections.abc import Callable

import numpy as np

LEAST_TUNING_CUSTOMERS = 300
MOST_TUNING_CUSTOMERS = 4_000
ROWS_PER_TUNING_CUSTOMER = 250
"""A large table gets a larger tuning sample, whose queries cost little compared to the build. With
300 of a million customers, 12 probes were chosen for a recall of .9893 but gave .9835; 15 were
needed."""


def tuning_customers(rows: int) -> int:
    """The size of the tuning sample for an index over this many rows."""
    wanted = max(LEAST_TUNING_CUSTOMERS, rows // ROWS_PER_TUNING_CUSTOMER)
    return min(MOST_TUNING_CUSTOMERS, wanted)


def choose_probes(
    recall_of: Callable[[int], float], planned: int, lists: int, target_recall: float
) -> int:
    """Find the fewest probes that reach the target; all lists if none do.

    ``recall_of`` must grow with the probes. As measuring is expensive, the search starts at the
    planned probes, moves away in growing steps until it brackets the answer, and then bisects.
    """
    fails, reaches = 0, lists + 1
    probes, step = min(max(1, planned), lists), 1
    while True:
        if recall_of(probes) >= target_recall:
            reaches = probes
        else:
            fails = probes
        if reaches - fails <= 1:
            return min(reaches, lists)
        if fails == 0:
            probes = max(1, probes - step)
        elif reaches > lists:
            probes = min(lists, probes + step)
        else:
            probes = (fails + reaches) // 2
        step *= 2


def recall_interval(shares: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean recall of sampled customers.

    Parameters
    ----------
    shares : ndarray of float, shape (customers,)
        The share of each customer's true neighbours that were found.

    Returns
    -------
    tuple of float
        By the normal approximation, clipped to [0, 1]. If all shares are 1, the lower end is
        1 - 3 / customers by the rule of three (Hanley & Lippman-Hand 1983), which counts all
        neighbours of a customer with a missing one as lost.
    """
    size, mean = len(shares), float(shares.mean())
    if mean == 1.0:
        return max(0.0, 1.0 - 3.0 / size), 1.0
    half = 1.96 * float(shares.std()) / math.sqrt(size)
    return max(0.0, mean - half), min(1.0, mean + half)
