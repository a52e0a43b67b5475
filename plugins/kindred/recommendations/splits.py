"""Splits in time: what customers owned before a moment, and the items new to them after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.encoding.items_block import MIN_BUYERS
from kindred.events.lines import MICROSECONDS_PER_DAY, Lines
from kindred.events.ownership import purchases_of

HORIZON_DAYS = 35.0
"""Days whose purchases are predicted: five whole weeks, so that every weekday counts alike."""
LEAST_HISTORY = 3.0
"""The history before the earlier split is at least this many times as long as the time after it."""
SAMPLE_CUSTOMERS = 50_000
"""The most customers that quality is measured with: the interval is then about half a percent."""


@dataclass(frozen=True, eq=False)
class Split:
    """Customers before and after a moment.

    ``before``: purchases, csr_array of int32 (customers, items). ``new``: csr_array of int32
    (customers, items), sorted: what each customer bought afterwards, had not owned, and could be
    recommended, since `MIN_BUYERS` others owned it before. ``moment``: of the split, microseconds
    since 1970-01-01 UTC; 0 if it is not one in time. ``bought_new`` int64 (customers,): how many
    items each customer has bought that it had not owned, those that nobody could have recommended
    among them.
    """

    before: Any
    new: Any
    moment: int
    bought_new: NDArray[np.int64]

    @classmethod
    def of(cls, before: Any, after: Any, moment: int = 0) -> "Split":
        """From the purchases of both times; what is not new is left out of ``after``."""
        owners = np.bincount(before.indices, minlength=before.shape[1])
        row = np.repeat(np.arange(after.shape[0]), np.diff(after.indptr))
        owned = _pairs(before)
        pairs = row.astype(np.int64) * after.shape[1] + after.indices
        is_first = ~np.isin(pairs, owned)
        is_new = is_first & (owners[after.indices] >= MIN_BUYERS)
        ends = np.concatenate([[0], np.cumsum(is_new)])[after.indptr]
        new = sparse.csr_array((after.data[is_new], after.indices[is_new], ends), after.shape)
        bought_new = np.bincount(row[is_first], minlength=after.shape[0])
        return cls(before, new, moment, bought_new)

    @property
    def candidates(self) -> NDArray[np.intp]:
        """The items that could be recommended, ascending."""
        owners = np.bincount(self.before.indices, minlength=self.before.shape[1])
        return np.flatnonzero(owners >= MIN_BUYERS)

    @property
    def tested(self) -> NDArray[np.int32]:
        """The customers who had bought before and bought something new."""
        has_both = self._had_bought & (np.diff(self.new.indptr) > 0)
        return np.flatnonzero(has_both).astype(np.int32)

    @property
    def left_out(self) -> int:
        """How many had bought before and bought something new, but nothing that could be listed."""
        is_left_out = self._had_bought & (self.bought_new > 0) & (np.diff(self.new.indptr) == 0)
        return int(is_left_out.sum())

    @property
    def listable_share(self) -> float:
        """What could be listed, of all that those who had bought before bought for the first time.

        From 0 to 1; 1 where nothing was bought.
        """
        bought = int(self.bought_new[self._had_bought].sum())
        return int(np.diff(self.new.indptr)[self._had_bought].sum()) / bought if bought else 1.0

    @property
    def _had_bought(self) -> NDArray[np.bool_]:
        return np.asarray(np.diff(self.before.indptr) > 0)


def split_lines(
    lines: Lines, moment: int, end: int, customers: int, items: int, owned_days: float | None = None
) -> Split:
    """Split lines at a moment; those from ``end`` on are not used (microseconds since 1970).

    ``owned_days``: how long before the moment a purchase is owned; for ever by default.
    """
    before = purchases_of(lines.within(moment, owned_days), customers, items)
    after = lines.within(end, (end - moment) / MICROSECONDS_PER_DAY)
    return Split.of(before, purchases_of(after, customers, items), moment)


def moments_of(lines: Lines, as_of: int) -> Sequence[int] | None:
    """The moments of the earlier split, of the test, and its end; None if history is too short.

    The test is the last `HORIZON_DAYS` before ``as_of``, or less where the history is short; the
    earlier split, on which parameters are chosen, is as long and just before it.
    """
    known = lines.within(as_of)
    if not len(known):
        return None
    history = as_of - int(known.at.min())
    length = min(round(HORIZON_DAYS * MICROSECONDS_PER_DAY), int(history / (2 + LEAST_HISTORY)))
    # Whole days, where there are any: purchases of half a day are not like those of a day.
    length -= length % MICROSECONDS_PER_DAY
    if length == 0:
        return None
    return as_of - 2 * length, as_of - length, as_of


def _pairs(purchases: Any) -> NDArray[np.int64]:
    row = np.repeat(np.arange(purchases.shape[0], dtype=np.int64), np.diff(purchases.indptr))
    return np.asarray(row * purchases.shape[1] + purchases.indices)
