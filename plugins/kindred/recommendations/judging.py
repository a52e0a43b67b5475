"""How good lists are: recall, NDCG, hit rate and coverage, with intervals over customers."""

from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NORMAL = 1.959964
"""Standard errors of a 95 % interval."""


@dataclass(frozen=True)
class Estimate:
    """A mean over so many customers, its standard error, and the 95 % interval of a share.

    Each customer is one independent observation, however many items it has. The interval is the
    normal one of the logit, by the delta method, so that it is between 0 and 1. Where all
    customers have 0, or all have 1, it is that of the rule of three (Hanley & Lippman-Hand 1983).
    """

    value: float
    error: float
    customers: int = 0

    @property
    def low(self) -> float:
        """The lower end."""
        return self._end(-1)

    @property
    def high(self) -> float:
        """The upper end."""
        return self._end(1)

    def _end(self, side: int) -> float:
        rest = 1.0 - self.value
        if self.value <= 0.0 or rest <= 0.0:
            is_inner = (side > 0) == (self.value <= 0.0)
            width = min(1.0, 3.0 / self.customers) if is_inner and self.customers else 0.0
            return self.value + side * width
        odds = self.value / rest * exp(side * NORMAL * self.error / (self.value * rest))
        return odds / (1.0 + odds)


@dataclass(frozen=True, eq=False)
class Judged:
    """Measures of one customer's list each, float64 (customers,).

    ``recall``: share of the new items that are on the list, of at most the list's length; ``ndcg``:
    the same, but a hit at rank r counts 1 / log2(r + 1) (Järvelin & Kekäläinen 2002); ``hits``: 1
    if there is any. ``coverage``: the share of the items on any list, of those that could be.
    """

    recall: Floats
    ndcg: Floats
    hits: Floats
    coverage: float

    def mean(self, name: str) -> Estimate:
        """The mean of one of the measures."""
        return estimate(getattr(self, name))


def judge(
    items: NDArray[np.integer], rows: NDArray[np.integer], new: Any, candidates: int
) -> Judged:
    """Compare lists with what customers bought afterwards.

    Parameters
    ----------
    items : ndarray of int, shape (m, k)
        Best first, -1 for none.
    rows : ndarray of int, shape (m,)
        The customers of the lists, each with a new item.
    new : csr_array, shape (customers, items)
        As `Split.new`.
    candidates : int
        Items that could have been on a list.
    """
    k = items.shape[1]
    chosen = new[rows]
    row = np.repeat(np.arange(len(rows), dtype=np.int64), np.diff(chosen.indptr))
    bought = row * new.shape[1] + chosen.indices
    listed = np.arange(len(rows), dtype=np.int64)[:, None] * new.shape[1] + items
    is_hit = np.isin(listed, bought) & (items >= 0)
    counts = np.minimum(np.diff(new.indptr)[rows], k)
    gains = 1.0 / np.log2(np.arange(k) + 2.0)
    best = np.concatenate([[0.0], np.cumsum(gains)])[counts]
    return Judged(
        np.asarray(is_hit.sum(axis=1) / counts),
        np.asarray((is_hit * gains).sum(axis=1) / best),
        np.asarray(is_hit.any(axis=1), dtype=np.float64),
        len(np.unique(items[items >= 0])) / max(1, candidates),
    )


def estimate(values: Floats) -> Estimate:
    """The mean of independent values, with its standard error."""
    if not len(values):
        return Estimate(0.0, 0.0)
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return Estimate(float(values.mean()), spread / len(values) ** 0.5, len(values))


def is_worse(ours: Floats, theirs: Floats) -> bool:
    """Whether our mean is below theirs by more than a standard error, for the same customers."""
    difference = estimate(ours - theirs)
    return difference.value < -difference.error
