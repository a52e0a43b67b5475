"""What a customer buys again and again, and when it is due."""

from typing import Any

import numpy as np
from scipy import sparse

from kindred.events.lines import NO_ITEM, Lines

LEAST_PURCHASES = 3
"""Purchases that make a rhythm: two gaps."""


def due_items(lines: Lines, purchases: Any, as_of: int) -> "sparse.csr_array":
    """Owned items whose last purchase is as long ago as the customer's own median gap, or longer.

    Parameters
    ----------
    lines : Lines
        Those before ``as_of``, microseconds since 1970-01-01 UTC.
    purchases : csr_array, shape (customers, items)
        As `purchases_of` returns it: what is owned, without items given back.
    as_of : int

    Returns
    -------
    csr_array of int32, shape (customers, items)
        Purchases of each item that is due, from `LEAST_PURCHASES` on; lines at the same moment are
        one purchase.
    """
    customers, items = purchases.shape
    bought = lines.take((lines.items != NO_ITEM) & ~lines.is_negative)
    pairs = bought.customers * items + bought.items
    order = np.lexsort((bought.at, pairs))
    pairs, at = pairs[order], bought.at[order]
    is_new = np.ones(len(pairs), dtype=np.bool_)
    is_new[1:] = (pairs[1:] != pairs[:-1]) | (at[1:] != at[:-1])
    pairs, at = pairs[is_new], at[is_new]
    found, starts, counts = np.unique(pairs, return_index=True, return_counts=True)
    is_regular = counts >= LEAST_PURCHASES
    found, starts, counts = found[is_regular], starts[is_regular], counts[is_regular]
    group = np.repeat(np.arange(len(found)), counts - 1)
    first = np.concatenate([[0], np.cumsum(counts - 1)])[:-1]
    later = np.arange(len(group)) - first[group] + starts[group] + 1
    gaps = at[later] - at[later - 1]
    gaps = gaps[np.lexsort((gaps, group))]
    # Of an even number of gaps, the mean of the two in the middle.
    medians = (gaps[first + (counts - 2) // 2] + gaps[first + (counts - 1) // 2]) / 2.0
    is_due = as_of - at[starts + counts - 1] >= medians
    row = np.repeat(np.arange(customers, dtype=np.int64), np.diff(purchases.indptr))
    is_due &= np.isin(found, row * items + purchases.indices)
    found, counts = found[is_due], counts[is_due]
    ends = np.searchsorted(found, np.arange(customers + 1, dtype=np.int64) * items)
    columns = found % items if items else found
    return sparse.csr_array((counts.astype(np.int32), columns, ends), shape=(customers, items))
