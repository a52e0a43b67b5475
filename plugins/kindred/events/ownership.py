"""What customers own: purchases per customer and item, without items given back."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.events.aggregates import order_within
from kindred.events.lines import NO_ITEM, Floats, Lines

ROUNDING = 1e-9
"""A refund is complete if less than this share of what was paid remains."""


@dataclass(frozen=True, eq=False)
class ItemCounts:
    """Purchases per customer and item.

    ``counts``: csr_array (customers, items) of positive whole numbers, as from `purchases_of`.
    ``items`` (items,): the keys of its columns, in any order; compared as text.
    """

    counts: Any
    items: NDArray[Any]

    def take(self, rows: NDArray[np.intp] | slice) -> Self:
        """The purchases of some customers."""
        return replace(self, counts=self.counts[rows])


def purchases_of(lines: Lines, customers: int, items: int) -> "sparse.csr_array":
    """Count the purchases of each item by each customer.

    Parameters
    ----------
    lines : Lines
        Those of one window.
    customers, items : int
        Numbers of rows and columns.

    Returns
    -------
    csr_array of int32, shape (customers, items)
        Purchases, as lines that give nothing back; sorted by item, without zeros. Items whose
        quantity or whose amount has been given back in full are not owned, and have no entry. A
        refund gives back only what was bought before it, or at the same moment. A quantity that is
        missing is one unit, unless the line is a refund with an amount.
    """
    has_item = lines.items != NO_ITEM
    pairs = lines.customers * items + lines.items
    is_negative = lines.is_negative
    owned, counts = np.unique(pairs[has_item & ~is_negative], return_counts=True)
    if is_negative.any():
        is_kept = ~_are_refunded(lines, pairs, has_item, owned)
        owned, counts = owned[is_kept], counts[is_kept]
    starts = np.searchsorted(owned, np.arange(customers + 1, dtype=np.int64) * items)
    return sparse.csr_array(
        (counts.astype(np.int32), owned % items if items else owned, starts),
        shape=(customers, items),
    )


def _are_refunded(
    lines: Lines, pairs: NDArray[np.int64], has_item: NDArray[np.bool_], owned: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which of the pairs of customer and item have been given back in full."""
    returned = np.unique(pairs[has_item & lines.is_negative])
    is_concerned = has_item & _are_among(pairs, returned)
    few = lines.take(is_concerned)
    is_used_up = _are_used_up(few, np.searchsorted(returned, pairs[is_concerned]), len(returned))
    return _are_among(owned, returned[is_used_up])


def _are_among(pairs: NDArray[np.int64], few: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which pairs are among few ascending ones: ``isin`` would sort all of them."""
    if not len(few):
        return np.zeros(len(pairs), dtype=np.bool_)
    at = np.minimum(np.searchsorted(few, pairs), len(few) - 1)
    return np.asarray(few[at] == pairs)


def _are_used_up(lines: Lines, group: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    """Where all that was bought has been given back since, by its units or by what was paid.

    In the order of time, since a refund gives back only what was bought before it: what is left
    falls to zero at the least. Of several lines at one moment, purchases come first.
    """
    is_back = lines.is_negative
    # Of a refund without a quantity, the amount alone says how much it gives back.
    is_paid_back = is_back & ~np.isnan(lines.amounts)
    units = np.where(np.isnan(lines.quantities), np.where(is_paid_back, 0.0, 1.0), lines.quantities)
    amounts = np.where(np.isnan(lines.amounts), 0.0, lines.amounts)
    values = np.abs(np.stack([units, amounts]))
    moment = 2 * lines.at + is_back
    order = order_within(group, moment)
    if np.any((np.diff(group[order]) == 0) & (np.diff(moment[order]) == 0)):
        # By value at last, so that sums do not depend on the order of arrival.
        order = np.lexsort((values[1], values[0], moment, group))
    group, is_back = group[order], is_back[order]
    is_new = np.ones(len(group), dtype=np.bool_)
    is_new[1:] = (group[1:] != group[:-1]) | (is_back[1:] != is_back[:-1])
    # Purchases without a refund between them are one step, and so are refunds.
    step = np.cumsum(is_new) - 1
    sums = np.stack([np.bincount(step, each[order]) for each in values]).astype(np.float64)
    return _end_empty(sums, group[is_new], is_back[is_new], count)


def _end_empty(
    values: Floats, group: NDArray[np.int64], is_back: NDArray[np.bool_], count: int
) -> NDArray[np.bool_]:
    """Which groups end with nothing left.

    ``values`` (2, steps): units and amounts, by ascending ``group`` and time. Where either is used
    up, the other is too. All groups take their first step at once, then their second, and so on.
    """
    lengths = np.bincount(group, minlength=count)
    longest_first = np.argsort(-lengths, kind="stable")
    firsts = (np.cumsum(lengths) - lengths)[longest_first]
    # How many groups have a step of each number.
    active = np.cumsum(np.bincount(lengths)[::-1])[::-1][1:]
    left, bought = np.zeros((2, count)), np.zeros((2, count))
    is_empty = np.zeros(count, dtype=np.bool_)
    for number, groups in enumerate(active.tolist()):
        at = firsts[:groups] + number
        given_back, value = is_back[at], values[:, at]
        bought[:, :groups] += np.where(given_back, 0.0, value)
        left[:, :groups] += np.where(given_back, -value, value)
        is_used_up = given_back & (value > 0.0)
        is_used_up &= left[:, :groups] <= ROUNDING * bought[:, :groups]
        is_gone = is_used_up.any(axis=0)
        left[:, :groups][:, is_gone] = bought[:, :groups][:, is_gone] = 0.0
        is_empty[:groups] = is_gone | (is_empty[:groups] & given_back)
    found = np.empty(count, dtype=np.bool_)
    found[longest_first] = is_empty
    return found
