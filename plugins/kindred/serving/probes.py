"""The fewest probes that reach a target recall, and the confidence interval of a recall."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

TUNING_CUSTOMERS = 1_000
"""Their recall has a standard error of about .002, half of what one more probe adds at .95."""

PUBLISHED_CUSTOMERS = 500

BLOCK = 250
"""Customers that are queried at once. Of a million customers, 300 chose 12 probes for a recall of
.9893 that gave .9835, where 15 were needed: so a recall near the target is measured on more."""

STANDARD_ERRORS = 3.0
"""A recall so far from the target needs no more customers. Eight blocks are eight chances to look
too far away: about one sample in a hundred is ended too early on the wrong side."""

Shares = NDArray[np.float64]


@dataclass
class SampledRecall:
    """The recall of a sample by search value, by as few queries as tell whether it is enough.

    ``shares_of`` takes positions in the sample, int64 (n,), and a search value, and returns the
    share of the true neighbours found for each, float64 (n,). ``grows``: a larger value never finds
    less, as IVFFlat reads the same lists and more. Then a customer whose neighbours were all found
    is not queried again with a larger value.
    """

    size: int
    target_recall: float
    shares_of: Callable[[NDArray[np.int64], int], Shares]
    grows: bool
    _found: dict[int, Shares] = field(default_factory=dict)

    def measure(self, search_value: int) -> tuple[float, int]:
        """The recall, and the number of customers in which it was found.

        Customers are added block by block until the recall is above or below the target whatever
        the others are, or by `STANDARD_ERRORS`.
        """
        lowest, highest = self._bounds(search_value)
        shares = self._found.setdefault(search_value, np.full(self.size, np.nan))
        for start in range(0, self.size, BLOCK):
            block = np.arange(start, min(self.size, start + BLOCK))
            is_known = lowest[block] == highest[block]
            shares[block[is_known]] = lowest[block[is_known]]
            asked = block[~is_known]
            if len(asked):
                shares[asked] = self.shares_of(asked, search_value)
            seen = shares[: block[-1] + 1]
            if self._is_decided(seen):
                break
        return float(seen.mean()), len(seen)

    def _bounds(self, search_value: int) -> tuple[Shares, Shares]:
        """What each customer's share is at least and at most, by the values measured before."""
        lowest, highest = np.zeros(self.size), np.ones(self.size)
        for value, shares in self._found.items():
            if value == search_value or (self.grows and value < search_value):
                lowest = np.fmax(lowest, shares)
            if value == search_value or (self.grows and value > search_value):
                highest = np.fmin(highest, shares)
        return lowest, highest

    def _is_decided(self, seen: Shares) -> bool:
        count, rest, target = len(seen), self.size - len(seen), self.target_recall
        if seen.sum() >= target * self.size or seen.sum() + rest < target * self.size:
            return True
        # A sample without losses has no deviation; see `recall_interval`.
        deviation = max(float(seen.std()), 1.0 / math.sqrt(count))
        far = STANDARD_ERRORS * deviation / math.sqrt(count)
        return abs(float(seen.mean()) - target) > far


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
