"""Codes for a missing value among numbers and dates, such as -1, 999 and 9999-12-31.

They are codes only where they stand clear of all other values, and are repeated.
"""

import numpy as np

from kindred.infer.columns import Column, Counts, Flags, Numbers, Times

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
        return _numbers(column.numbers, column.counts)
    if column.is_temporal:
        return _times(column.times, column.counts)
    return np.zeros(column.distinct, dtype=bool)


def _numbers(numbers: Numbers, counts: Counts) -> Flags:
    """The codes one after the other, the farthest first: -999 may stand beside -1."""
    is_code = np.zeros(len(numbers), dtype=bool)
    least = max(MIN_ROWS, _MIN_SHARE * counts.sum())
    codes = np.flatnonzero(np.isin(numbers, _CODES) & (counts >= least))
    if not len(codes):
        return is_code
    while True:
        found = [
            place
            for place in codes[np.argsort(-np.abs(numbers[codes]))]
            if not is_code[place] and _stands_clear(place, numbers, is_code)
        ]
        if not found:
            return is_code
        is_code[found[0]] = True


def _stands_clear(place: int, numbers: Numbers, is_code: Flags) -> bool:
    code = numbers[place]
    is_other = ~is_code & ~np.isnan(numbers)
    is_other[place] = False
    others = numbers[is_other]
    # Other codes beside this one do not speak against it.
    usual = others[~np.isin(others, _CODES)] if len(others) > _MIN_OTHERS else others
    if len(usual) < _MIN_OTHERS:
        return False
    low, high = float(usual.min()), float(usual.max())
    if code < 0 and (low >= 0 or code > _NEAREST_BELOW):
        return low >= 0
    return bool(max(code - high, low - code) >= high - low)


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
