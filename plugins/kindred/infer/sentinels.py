"""Codes for a missing value among numbers and dates, such as -1, 999 and 9999-12-31.

They are codes only where they stand clear of all other values, and are repeated.
"""

import numpy as np

from kindred.infer.column_names import looks_like_amount
from kindred.infer.columns import Column, Counts, Flags, Numbers, Times, whole

MIN_ROWS = 3  # rows of a code: one far value is an outlier, which scaling limits
_MIN_SHARE = 0.002  # of the known rows
_MIN_OTHERS = 10  # other distinct values below which the numbers may be answers on a scale
_REPEATED = tuple(
    float(digit * width) for digit in ("9", "8") for width in range(2, 13)
)  # 99, 999, ..., 88, ...
_FILLED = tuple(float("9" * width + ".99") for width in range(5, 13))  # 99.99 may be a price
_CODES = (
    -1.0,
    -2.0,
    -9.0,
    98.0,
    998.0,
    9998.0,
    -98.0,
    -998.0,
    *_REPEATED,
    *(-n for n in _REPEATED),
    *_FILLED,
    *(-n for n in _FILLED),
)
_MIN_SCALE = 3  # values of a scale from 0 or 1 without gaps, such as a number of children
_FAR_FROM_SCALE = 10  # times its range, from which 99 is no answer on it
_NEAREST_OF_SCALE = 77.0
_ZERO = 0.0  # a code where all others lie far above it, such as 300 to 850
_CLEAR_OF_ZERO = 1.5  # times the range of 98 % of the rows
_MAX_ZERO_SHARE = 0.25  # of the rows, above which zero is what many have
_SPIKE, _CLEAR_OF_SPIKE = 4, 0.5  # times the rows of the other numbers, and their range
_NEAREST_BELOW = -98.0  # among negative numbers, where -1 may be one of them
_NEVER = np.datetime64("2900-01-01")
_LATEST = np.datetime64("2099-01-01")
_EARLIEST = np.datetime64("1900-01-02")
_STARTS = (np.datetime64("1970-01-01"), np.datetime64("1980-01-01"), np.datetime64("1753-01-01"))
_CLEAR_YEARS = np.timedelta64(5 * 365, "D")
_USUAL_TIMES_MORE = 5  # rows of a placeholder date, in rows of the other dates


def sentinels(column: Column) -> Flags:
    """Which distinct values of a column are codes for a missing one: bool (distinct,)."""
    if column.numbers is not None:
        is_zero_kept = looks_like_amount(column.name)  # nothing spent is an amount
        return _numbers(column.numbers, column.counts, () if is_zero_kept else (_ZERO,))
    if column.is_temporal:
        return _times(column.times, column.counts)
    return np.zeros(column.distinct, dtype=bool)


def _numbers(numbers: Numbers, counts: Counts, more: tuple[float, ...] = ()) -> Flags:
    """The codes one after the other, the farthest first: -999 may stand beside -1."""
    is_code = np.zeros(len(numbers), dtype=bool)
    least = max(MIN_ROWS, _MIN_SHARE * counts.sum())
    is_repeated = np.isin(numbers, (*_CODES, *more)) & (counts >= least)
    is_repeated &= (numbers != _ZERO) | (counts <= _MAX_ZERO_SHARE * counts.sum())
    codes = np.flatnonzero(is_repeated)
    if not len(codes):
        return is_code
    while True:
        found = [
            place
            for place in codes[np.argsort(-np.abs(numbers[codes]))]
            if not is_code[place] and _stands_clear(place, numbers, counts, is_code)
        ]
        if not found:
            return is_code
        is_code[found[0]] = True


def _stands_clear(place: int, numbers: Numbers, counts: Counts, is_code: Flags) -> bool:
    code = numbers[place]
    is_other = ~is_code & ~np.isnan(numbers)
    is_other[place] = False
    others = numbers[is_other]
    # Other codes beside this one do not speak against it.
    is_usual = ~np.isin(others, (*_CODES, _ZERO) if code == _ZERO else _CODES)
    usual = others[is_usual] if is_usual.sum() >= _MIN_SCALE else others
    if len(usual) < _MIN_OTHERS:
        return _is_far_from_scale(code, usual)
    low, high = float(usual.min()), float(usual.max())
    rows = counts[is_other][is_usual] if len(usual) < len(others) else counts[is_other]
    if code == _ZERO:
        order = np.argsort(usual)
        shares = np.cumsum(rows[order]) / rows.sum()
        usually = np.diff(usual[order][np.searchsorted(shares, (0.01, 0.99))])[0]
        return bool(low >= max(high - low, _CLEAR_OF_ZERO * usually))
    if code < 0 and (low >= 0 or code > _NEAREST_BELOW):
        return low >= 0
    gap = max(code - high, low - code)
    is_spike = counts[place] >= max(_SPIKE * float(np.median(rows)), 2 * MIN_ROWS)
    return bool(gap >= (_CLEAR_OF_SPIKE if is_spike and low > 0 else 1.0) * (high - low))


def _is_far_from_scale(code: float, usual: Numbers) -> bool:
    """Whether a code such as 99 is far from the answers on a scale, or a small count, from 0 or 1.

    Prices of 5, 9 and 99 have gaps.
    """
    if len(usual) < _MIN_SCALE or abs(code) < _NEAREST_OF_SCALE or not whole(usual):
        return False
    low, high = float(usual.min()), float(usual.max())
    is_scale = low in (0.0, 1.0) and high - low < 2 * len(usual)
    return is_scale and max(code - high, low - code) >= _FAR_FROM_SCALE * (high - low)


def _times(times: Times, counts: Counts) -> Flags:
    known = ~np.isnat(times)
    is_never = known & (times >= _NEVER)
    usual = known & ~is_never
    if not usual.any():
        return np.zeros(len(times), dtype=bool)
    order = np.flatnonzero(usual)[np.argsort(times[usual])]
    least = max(MIN_ROWS, _MIN_SHARE * counts.sum())
    spike = max(least, _USUAL_TIMES_MORE * float(np.median(counts[usual])))
    is_code = is_never
    if len(order) < _MIN_OTHERS:
        return is_code
    first, last = order[0], order[-1]
    is_placeholder = times[first] < _EARLIEST or times[first].astype("datetime64[D]") in _STARTS
    is_clear = times[first] < _EARLIEST or times[order[1]] - times[first] >= _CLEAR_YEARS
    is_code[first] = is_placeholder and is_clear and counts[first] >= spike
    if times[last] >= _LATEST and times[last] - times[order[-2]] >= _CLEAR_YEARS:
        is_code[last] = is_code[last] or counts[last] >= least
    return is_code
