"""Intervals of shares: of what is there, and of what other people of the same kind would show."""

import math

NORMAL = 1.959964
"""Standard errors of a 95 % interval."""


def interval_of_share(hits: float, count: float, others: float = math.inf) -> tuple[float, float]:
    """The 95 % interval of the share that so many ``others`` of the same kind would show.

    ``hits`` of ``count`` have been seen. Of infinitely many others it is Wilson's (1927) interval
    of a share; of fewer, the joint-sampling interval of Krishnamoorthy & Peng (2011), which adds
    their own chance to that of those seen. From 0 to 1; all of it where nobody has been seen.
    """
    if count <= 0:
        return 0.0, 1.0
    seen = hits / count
    of_others = 1.0 if math.isinf(others) else others / (count + others)
    a = (1.0 - of_others) * seen
    k = NORMAL**2 * (1.0 / count + (0.0 if math.isinf(others) else 1.0 / others))
    # (x - seen)^2 = k p (1 - p), where p = a + of_others x is the share among all of them.
    square = 1.0 + k * of_others**2
    half = seen + 0.5 * k * of_others * (1.0 - 2.0 * a)
    constant = seen**2 - k * a * (1.0 - a)
    root = math.sqrt(max(0.0, half**2 - square * constant))
    return max(0.0, (half - root) / square), min(1.0, (half + root) / square)
