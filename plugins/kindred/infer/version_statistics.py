"""Columns that say of a customer's earlier versions what only the later ones could tell.

Each is told by what it equals: the number of versions, the time of the last or the next one, the
time until then, or another column's later value. A column that merely stays the same, such as a
date of birth, equals none of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.infer.columns import Column
from kindred.infer.typed_values import TEXT_TYPES

MIN_VERSIONS = 10  # closed versions, or customers, below which behaviour means nothing
MIN_EQUAL_SHARE = 0.95  # of closed versions
MAX_COMPARED, MAX_VALUES = 60, 60  # columns, and values of each, that are compared
_DAY = np.timedelta64(1, "D")
_NAT = np.datetime64("NaT", "us")
# The years 1990 to 2100 as numbers, by unit.
_EPOCHS = {"s": 1, "ms": 1_000, "us": 1_000_000}
_FIRST_SECOND, _LAST_SECOND = 631_152_000, 4_102_444_800
_FIRST_DAY, _LAST_DAY = 19_900_101, 21_001_231
_TEXT_FORMATS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y%m%d")
_UNITS = {"seconds": 1e6, "milliseconds": 1e3, "minutes": 6e7, "hours": 3.6e9, "days": 8.64e10}
_MIN_UNITS = 3  # until the next version: numbers below are equal by chance

Rows = NDArray[np.intp]
Times = NDArray[np.datetime64]


@dataclass(frozen=True)
class Successions:
    """The versions of a table, each closed one with the next and the newest of its customer.

    ``known``: rows with a key and a time. Of each of them, ``counts`` has the customer's versions
    and ``left`` the later ones. ``following``, ``followers``, ``newest``: rows of closed versions,
    and of the next and the newest version for each. ``starts`` has a time for every row.
    """

    known: Rows
    counts: NDArray[np.int64]
    left: NDArray[np.int64]
    following: Rows
    followers: Rows
    newest: Rows
    starts: Times

    @classmethod
    def of(cls, key: Column, starts: Times) -> "Successions":
        """The successions of rows by key and time: datetime64 (rows,)."""
        known = np.flatnonzero((key.codes >= 0) & ~np.isnat(starts))
        order = known[np.lexsort((starts[known], key.codes[known]))]
        keys = key.codes[order]
        is_last = np.append(keys[:-1] != keys[1:], True)
        last = np.flatnonzero(is_last)
        of_row = np.searchsorted(last, np.arange(len(order)))
        sizes = np.diff(np.append(-1, last))
        is_closed = ~is_last
        following = np.flatnonzero(is_closed)
        return cls(
            known=order,
            counts=sizes[of_row].astype(np.int64),
            left=(last[of_row] - np.arange(len(order))).astype(np.int64),
            following=order[following],
            followers=order[following + 1],
            newest=order[last[of_row[following]]],
            starts=starts,
        )


def moments_of(column: Column) -> Times:
    """The times that a column says, datetime64[us] (rows,): as dates, epochs or days of digits."""
    if column.numbers is not None:
        return column.of_rows(_times_of_numbers(column.numbers), _NAT)
    if not column.is_temporal and column.type not in TEXT_TYPES:
        return np.full(column.rows, _NAT)
    times = column.times.astype("datetime64[us]")
    if column.distinct and np.isnat(times).mean() > 1 / 2:
        times = _times_of_texts(column)
    return column.of_rows(times, _NAT)


def _times_of_numbers(numbers: NDArray[np.float64]) -> Times:
    times = np.full(len(numbers), _NAT)
    finite = np.nan_to_num(numbers, nan=0.0)
    for scale in _EPOCHS.values():
        seconds = finite / scale
        is_epoch = (seconds >= _FIRST_SECOND) & (seconds < _LAST_SECOND)
        times[is_epoch] = (seconds[is_epoch] * 1e6).astype(np.int64).astype("datetime64[us]")
    is_day = (finite >= _FIRST_DAY) & (finite <= _LAST_DAY) & (finite == np.floor(finite))
    days = pd.to_datetime(
        pd.Series(finite[is_day].astype(np.int64).astype(str), dtype=object),
        format="%Y%m%d",
        errors="coerce",
    )
    times[is_day] = days.to_numpy().astype("datetime64[us]")
    return times


def _times_of_texts(column: Column) -> Times:
    texts = pd.Series(column.texts.to_numpy(zero_copy_only=False), dtype=object)
    for form in _TEXT_FORMATS:
        times = pd.to_datetime(texts, format=form, errors="coerce").to_numpy()
        if np.isnat(times).mean() < 1 / 2:
            return times.astype("datetime64[us]")
    return np.full(column.distinct, _NAT)


def later_by_itself(column: Column, versions: Successions) -> str | None:
    """Why a column says what was known later only, from its own values; else None."""
    return (
        _counts_versions(column, versions)
        or _is_last_moment(column, versions)
        or _lasts_until_next(column, versions)
    )


def _counts_versions(column: Column, versions: Successions) -> str | None:
    if column.numbers is None or column.distinct < 2:
        return None
    numbers = column.of_rows(column.numbers, np.nan)[versions.known]
    is_closed = versions.left > 0
    for what, statistic in (("number", versions.counts), ("number of later", versions.left)):
        if not np.ptp(statistic) or not np.isfinite(numbers).any():
            continue
        offset = np.nanmedian(numbers - statistic)
        is_equal = numbers == statistic + offset
        of_closed = is_equal[is_closed]
        if min(of_closed.mean(), is_equal.mean()) >= MIN_EQUAL_SHARE:
            found = f"in {int(is_equal.sum()):,} of {len(is_equal):,} rows"
            return f"it follows the {what} versions of the customer {found}"
    return None


def _is_last_moment(column: Column, versions: Successions) -> str | None:
    moments = moments_of(column)[versions.following]
    starts = versions.starts[versions.following]
    last = versions.starts[versions.newest]
    known = ~np.isnat(moments)
    distance = np.abs(last - moments)
    is_last = known & (distance <= _DAY) & (distance <= moments - starts)
    found, total = int(is_last.sum()), int(known.sum())
    if total < MIN_VERSIONS or found < MIN_EQUAL_SHARE * total:
        return None
    return f"within a day of the customer's last version in {found:,} of {total:,} earlier ones"


def _lasts_until_next(column: Column, versions: Successions) -> str | None:
    if column.numbers is None or column.distinct <= 2:
        return None
    lasts = column.of_rows(column.numbers, np.nan)[versions.following]
    gap = versions.starts[versions.followers] - versions.starts[versions.following]
    known = np.isfinite(lasts)
    total = int(known.sum())
    if total < MIN_VERSIONS or len(np.unique(gap)) <= 2:
        return None
    for unit, microseconds in _UNITS.items():
        units = gap.astype("timedelta64[us]").astype(np.float64)[known] / microseconds
        if np.median(units) < _MIN_UNITS:
            continue
        near = np.abs(lasts[known] - units) <= np.maximum(1.0, 0.02 * units)
        if near.mean() >= MIN_EQUAL_SHARE and len(np.unique(lasts[known])) > 2:
            return f"the {unit} until the next version in {int(near.sum()):,} of {total:,} cases"
    return None


def later_by_others(columns: Sequence[Column], versions: Successions) -> dict[str, str]:
    """Columns that hold what another one says in the newest version, with the reason.

    They stay the same while the other one changes, from one value to another.
    """
    few = [column for column in columns if 1 < column.distinct <= MAX_VALUES][:MAX_COMPARED]
    found: dict[str, str] = {}
    for other in few:
        before, after = other.codes[versions.following], other.codes[versions.newest]
        changes = (before >= 0) & (after >= 0) & (before != after)
        if changes.sum() < MIN_VERSIONS or len(np.unique(after[changes])) <= 1:
            continue
        closed, newest = versions.following[changes], versions.newest[changes]
        for column in few:
            stays = column.codes[closed] == column.codes[newest]
            if column is other or stays.mean() < MIN_EQUAL_SHARE:
                continue
            is_equal = column.codes[closed] == _codes_in(other, column)[after[changes]]
            if is_equal.mean() >= MIN_EQUAL_SHARE:
                why = f"it holds {other.name!r} of the customer's newest version"
                found.setdefault(column.name, why)
    return found


def _codes_in(other: Column, column: Column) -> NDArray[np.int64]:
    """The code that each value of another column has in this one, -2 where none."""
    places = {text: code for code, text in enumerate(column.texts.to_pylist())}
    return np.array([places.get(text, -2) for text in other.texts.to_pylist()], dtype=np.int64)
