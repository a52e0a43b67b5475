"""The items that a segment's customers own more often than everybody, with lift and interval."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.segments.profiles.comparison import MIN_CUSTOMERS
from kindred.segments.profiles.effect import Floats, wilson_interval

TOP_ITEMS = 10
"""Items kept per cluster and feature."""


@dataclass(frozen=True, eq=False)
class ItemLifts:
    """The most over-represented items of g segments, most certain first; (g, n) each.

    ``items`` int32, -1 where there are fewer; ``buyers`` int64: the segment's customers who own the
    item; ``lifts``, ``lows`` and ``highs``: its share of the segment over its share of everyone,
    with the 95 % interval; NaN for no item.
    """

    items: NDArray[np.int32]
    buyers: NDArray[np.int64]
    lifts: Floats
    lows: Floats
    highs: Floats

    def to_json(
        self, segment: int, feature: str, texts: NDArray[np.str_], customers: int
    ) -> list[dict[str, Any]]:
        """The items of one segment of so many customers as plain JSON; ``texts`` (items,)."""
        shares = self.buyers[segment] / max(1, customers)
        return [
            {
                "feature": feature,
                "position": place + 1,
                "item": str(texts[item]),
                "customers": int(self.buyers[segment, place]),
                "share": float(shares[place]),
                "everyone": float(shares[place] / self.lifts[segment, place]),
                "lift": float(self.lifts[segment, place]),
                "low": float(self.lows[segment, place]),
                "high": float(self.highs[segment, place]),
            }
            for place, item in enumerate(self.items[segment].tolist())
            if item >= 0
        ]


def over_represented(
    purchases: Any, labels: NDArray[np.int32], segments: int, count: int
) -> ItemLifts:
    """Find the items whose lift is above 1 by the whole of its interval.

    Parameters
    ----------
    purchases : csr_array, shape (customers, items)
        As `purchases_of` returns it.
    labels : ndarray of int32, shape (customers,)
        The segment of every customer; -1 for noise, which is part of everyone.
    segments, count : int
        Number of segments, and of items per segment.

    Returns
    -------
    ItemLifts
        Sorted by the lower end of the lift, then by item: a high lift of few customers is mostly
        chance. At least `MIN_CUSTOMERS` of the segment own each item. The interval is Wilson's of
        the segment's share; everyone's share is taken as known.
    """
    members = np.flatnonzero(labels >= 0)
    ones = np.ones(len(members), dtype=np.int64)
    belongs = sparse.csr_array(
        (ones, (labels[members], members)), shape=(segments, purchases.shape[0])
    )
    owners = np.bincount(purchases.indices, minlength=purchases.shape[1])
    owned = sparse.csr_array(belongs @ sparse.csr_array(purchases > 0, dtype=np.int64))
    sizes = np.bincount(labels[members], minlength=segments)
    found = _empty(segments, count)
    for segment in range(segments):
        part = slice(owned.indptr[segment], owned.indptr[segment + 1])
        items, buyers = owned.indices[part], owned.data[part]
        is_shown = buyers >= MIN_CUSTOMERS
        items, buyers = items[is_shown], buyers[is_shown]
        everyone = owners[items] / purchases.shape[0]
        low, high = (end / everyone for end in wilson_interval(buyers, sizes[segment]))
        order = np.lexsort((items, -low))
        order = order[low[order] > 1.0][:count]
        row = segment, slice(0, len(order))
        found.items[row], found.buyers[row] = items[order], buyers[order]
        found.lifts[row] = (buyers / sizes[segment] / everyone)[order]
        found.lows[row], found.highs[row] = low[order], high[order]
    return found


def _empty(segments: int, count: int) -> ItemLifts:
    shape = (segments, count)
    return ItemLifts(
        np.full(shape, -1, dtype=np.int32),
        np.zeros(shape, dtype=np.int64),
        *(np.full(shape, np.nan) for _ in range(3)),
    )
