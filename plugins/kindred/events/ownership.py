"""What customers own: purchases per customer and item, without items given back."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

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
        quantity that is missing is one unit, unless the line is a refund with an amount.
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
    group = np.searchsorted(returned, pairs[is_concerned])
    few = lines.take(is_concerned)
    # Of a refund without a quantity, the amount alone says how much it gives back.
    is_paid_back = few.is_negative & ~np.isnan(few.amounts)
    units = np.where(np.isnan(few.quantities), np.where(is_paid_back, 0.0, 1.0), few.quantities)
    units = np.where(few.is_negative, -np.abs(units), units)
    amounts = np.where(np.isnan(few.amounts), 0.0, few.amounts)
    is_complete = _is_used_up(units, group, len(returned)) | _is_used_up(
        np.where(few.is_negative, -np.abs(amounts), amounts), group, len(returned)
    )
    return _are_among(owned, returned[is_complete])


def _are_among(pairs: NDArray[np.int64], few: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which pairs are among few ascending ones: ``isin`` would sort all of them."""
    if not len(few):
        return np.zeros(len(pairs), dtype=np.bool_)
    at = np.minimum(np.searchsorted(few, pairs), len(few) - 1)
    return np.asarray(few[at] == pairs)


def _is_used_up(values: Floats, group: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    """Where what was given back is what was bought; False where nothing was given back."""
    bought = np.bincount(group, np.maximum(values, 0.0), minlength=count)
    returned = np.bincount(group, np.maximum(-values, 0.0), minlength=count)
    return np.asarray((returned > 0.0) & (bought - returned <= ROUNDING * bought))
