"""Intervals of shares: of what is there, and of what other people of the same kind would show."""

import math

NORMAL = 1.959964
"""Standard errors of a 95 % interval."""


def interval_of_share(hits: float, count: float, others: float = math.inf) -> tuple[float, float]:
    """The 95 % interval of the share that so many ``others`` of the same kind would show.

    ``hits`` of ``count`` have been seen. Of infinitely many others it is Wilson's (1927) interval
    of a share; of fewer, the joint-sampling interval of Krishnamoorthy & Peng (2011), which adds
    their own chance to that of those seen, and half a person of either as both are whole numbers.
    From 0 to 1; all of it where nobody has been seen.
    """
    if count <= 0:
        return 0.0, 1.0
    if math.isinf(others):
        low, high = _ends(hits / count, count, others)
        return max(0.0, low), min(1.0, high)
    low, _ = _ends(max(0.0, hits - 0.5) / count, count, others)
    _, high = _ends(min(count, hits + 0.5) / count, count, others)
    return max(0.0, low - 0.5 / others), min(1.0, high + 0.5 / others)


def _ends(seen: float, count: float, others: float) -> tuple[float, float]:
    """Where the squared difference from the share seen is that of `NORMAL` standard errors."""
    of_others = 1.0 if math.isinf(others) else others / (count + others)
    a = (1.0 - of_others) * seen
    k = NORMAL**2 * (1.0 / count + (0.0 if math.isinf(others) else 1.0 / others))
    # (x - seen)^2 = k p (1 - p), where p = a + of_others x is the share among all of them.
    square = 1.0 + k * of_others**2
    half = seen + 0.5 * k * of_others * (1.0 - 2.0 * a)
    constant = seen**2 - k * a * (1.0 - a)
    root = math.sqrt(max(0.0, half**2 - square * constant))
    return (half - root) / square, (half + root) / square
