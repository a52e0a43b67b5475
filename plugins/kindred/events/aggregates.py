"""Numbers per customer from lines of events: recency, counts, sums, means, shares, pace.

All functions take the lines of one window (`Lines.within`) and the number of customers, and return
one float64 per customer, which depends on that customer's lines only and not on their order. So
many lines (40 bytes each, and as much while they are sorted) are computed some customers at a time.
Negative lines lower sums and means, and are no purchase for the rest.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.events.lines import MICROSECONDS_PER_DAY, Floats, Lines


def last_purchase_days(lines: Lines, customers: int) -> Floats:
    """Days from 1970-01-01 UTC to each customer's last purchase; NaN without one.

    This is what a date block encodes. It counts from the day of the encoder's fit, so that a night
    alone changes no vector.
    """
    _, last = _first_and_last(_purchases(lines), customers)
    return last


def count_purchases(lines: Lines, customers: int) -> Floats:
    """How many purchases each customer has."""
    return np.bincount(_purchases(lines).customers, minlength=customers).astype(np.float64)


def count_distinct(lines: Lines, codes: NDArray[np.integer], customers: int) -> Floats:
    """How many distinct values of a column each customer's purchases have.

    ``codes`` (lines,) number the values; negative codes are missing values and are not counted.
    """
    is_counted = ~lines.is_negative & (codes >= 0)
    return _count_pairs(lines.customers[is_counted], codes[is_counted], customers)


def total(lines: Lines, values: Floats, customers: int) -> Floats:
    """The sum of a column, less what was given back; 0 without a value. ``values`` (lines,)."""
    return _sums(lines.customers, _signed(lines, values), customers)[0]


def mean(lines: Lines, values: Floats, customers: int) -> Floats:
    """The mean of a column over all lines with a value, negative ones too; NaN without one."""
    sums, counts = _sums(lines.customers, _signed(lines, values), customers)
    return _ratio(sums, counts)


def share_of_total(
    lines: Lines, values: Floats, codes: NDArray[np.integer], code: int, customers: int
) -> Floats:
    """The share of a column's sum that has one value of another column, from 0 to 1.

    Each value's sum counts if it is positive after what was given back. NaN if no sum is positive.
    ``values`` (lines,); ``codes`` (lines,) number the values of the other column, -1 for missing.
    """
    order = order_within(lines.customers, codes)
    groups, is_new = _distinct_pairs(lines.customers[order], np.asarray(codes, np.int64)[order])
    signed = _signed(lines, values)[order]
    sums, _ = _sums(np.cumsum(is_new) - 1, signed, len(groups[0]))
    sums = np.maximum(sums, 0.0)
    every = np.bincount(groups[0], sums, minlength=customers)
    is_wanted = groups[1] == code
    wanted = np.bincount(groups[0][is_wanted], sums[is_wanted], minlength=customers)
    return _ratio(wanted, every)


def days_between(lines: Lines, customers: int) -> Floats:
    """Mean days between consecutive purchases; NaN for fewer than two.

    Lines at the same moment are one purchase.
    """
    bought = _purchases(lines)
    first, last = _first_and_last(bought, customers)
    gaps = _count_pairs(bought.customers, bought.at, customers) - 1.0
    return _ratio(last - first, gaps)


def _ratio(above: NDArray[Any], below: NDArray[Any]) -> Floats:
    """Quotients, NaN where the divisor is not positive."""
    out = np.full(len(above), np.nan)
    return np.asarray(np.divide(above, below, out=out, where=below > 0))


def _signed(lines: Lines, values: Floats) -> Floats:
    """Values, negative where a line gives something back: some sources sign the quantity only."""
    return np.where(lines.is_negative, -np.abs(values), values)


def _purchases(lines: Lines) -> Lines:
    is_negative = lines.is_negative
    return lines.take(~is_negative) if is_negative.any() else lines


def _first_and_last(lines: Lines, customers: int) -> tuple[Floats, Floats]:
    first, last = np.full(customers, np.nan), np.full(customers, np.nan)
    if len(lines):
        starts = np.flatnonzero(np.diff(lines.customers, prepend=-1))
        rows = lines.customers[starts]
        first[rows] = np.minimum.reduceat(lines.at, starts) / MICROSECONDS_PER_DAY
        last[rows] = np.maximum.reduceat(lines.at, starts) / MICROSECONDS_PER_DAY
    return first, last


def _count_pairs(groups: NDArray[np.int64], codes: NDArray[np.integer], customers: int) -> Floats:
    """How many distinct codes each customer has."""
    order = order_within(groups, codes)
    pairs, _ = _distinct_pairs(groups[order], codes[order])
    return np.bincount(pairs[0], minlength=customers).astype(np.float64)


def _distinct_pairs(
    groups: NDArray[np.int64], codes: NDArray[np.integer]
) -> tuple[tuple[NDArray[np.int64], NDArray[np.integer]], NDArray[np.bool_]]:
    """The distinct ones of sorted pairs, and where each begins."""
    is_new = np.ones(len(groups), dtype=np.bool_)
    is_new[1:] = (groups[1:] != groups[:-1]) | (codes[1:] != codes[:-1])
    return (groups[is_new], codes[is_new]), is_new


def _sums(groups: NDArray[np.int64], values: Floats, count: int) -> tuple[Floats, NDArray[np.intp]]:
    """The sum of the known values of each group, and their number; ``groups`` ascend."""
    is_known = ~np.isnan(values)
    groups, values = groups[is_known], values[is_known]
    # Within a group by value, so that float64 sums do not depend on the order of the lines.
    order = order_within(groups, values)
    sums = np.bincount(groups[order], values[order], minlength=count)
    return sums.astype(np.float64), np.bincount(groups, minlength=count)


def order_within(groups: NDArray[np.int64], values: NDArray[Any]) -> NDArray[np.intp]:
    """The order by group and value; equal lines in any order.

    Like ``lexsort``, which sorts both by merging: here the values are sorted by vector instructions
    and few groups by their digits, in a fifth of the time.
    """
    order = np.argsort(values)
    ordered = groups[order]
    if len(groups) and groups.max() <= np.iinfo(np.uint16).max:
        ordered = ordered.astype(np.uint16)
    return order[np.argsort(ordered, kind="stable")]
