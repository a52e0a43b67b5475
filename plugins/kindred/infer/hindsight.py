"""Hindsight: columns that a source rewrites when a version of a customer closes.

A snapshot of the past is read from rows as they are now. There, ``valid_to`` and ``is_current`` say
what happened later.
"""

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kindred.infer.closing_names import looks_like_closing
from kindred.infer.columns import Column
from kindred.infer.leaving_names import looks_like_change, looks_like_leaving, looks_like_load
from kindred.infer.version_statistics import (
    MIN_VERSIONS,
    Successions,
    later_by_itself,
    later_by_others,
    moments_of,
)

MIN_OPEN_SHARE = 0.5  # of the newest versions, whose other customers have left the source
MAX_OPEN_SHARE_OF_CLOSED = 0.01
MIN_MOST_OPEN, MAX_LEFT_OPEN = 0.9, 0.2  # where some closed versions were left open
MIN_FOLLOWED_SHARE = 0.95  # of closed versions that end where the next begins
FLAG_VALUES = 2  # at most
_DAY = np.timedelta64(1, "D")
_NEVER = re.compile(r"infinity|(2[1-9]\d\d|[3-9]\d{3}|\d{5,})-.*", re.DOTALL)
_BY_NAME = "hindsight by its name: a source writes such a column when a row ends"
_BY_LEAVING = "hindsight by its name: it is known once a customer has left"
_BY_CHANGE = "by its name the time of the row's last change, which is no trait of the customer"
_MAY_BE_UPDATED_AT = ": name it as updated_at (--updated-at, UPDATED_AT=) to read what has changed"
_BY_LOAD = "by its name the time at which a program copied the row, no trait of the customer"
_BY_VALUES = "hindsight: the source writes it when a version closes, or knows it only then"

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class _Versions:
    """Which rows are closed versions, the newest of several, or a customer's only one.

    ``following`` holds the rows of closed versions, and ``followers`` those of the next versions.
    """

    is_closed: Flags
    is_newest: Flags
    is_only: Flags
    following: NDArray[np.intp]
    followers: NDArray[np.intp]
    starts: NDArray[np.datetime64]

    @classmethod
    def of(cls, key: Column, updated_at: Column) -> "_Versions":
        starts = updated_at.of_rows(updated_at.times, np.datetime64("NaT"))
        known = np.flatnonzero((key.codes >= 0) & ~np.isnat(starts))
        order = known[np.lexsort((starts[known], key.codes[known]))]
        is_followed = key.codes[order[:-1]] == key.codes[order[1:]]
        following, followers = order[:-1][is_followed], order[1:][is_followed]
        is_closed, is_later, is_known = np.zeros((3, key.rows), dtype=bool)
        is_closed[following], is_later[followers], is_known[known] = True, True, True
        is_only = is_known & ~is_closed & ~is_later
        return cls(is_closed, is_later & ~is_closed, is_only, following, followers, starts)

    @property
    def are_told_apart(self) -> bool:
        """Whether a value of the newest rows cannot be that of one event for everybody."""
        repeats = np.isin(self.following, self.followers).sum()
        return bool(max(self.is_only.sum(), repeats) >= MIN_VERSIONS)


def closing_by_name(names: Iterable[str], flags: Container[str] = ()) -> dict[str, str]:
    """The columns that a source writes when a row ends, by their names, with the reason.

    ``flags``: those with two values, or with times only.
    """
    found = {}
    for name in names:
        is_flag = name in flags
        if looks_like_closing(name, is_flag=is_flag):
            found[name] = _BY_NAME
        elif looks_like_leaving(name, is_alone=is_flag):
            found[name] = _BY_LEAVING
    return found


def written_later(columns: Sequence[Column], *, has_updated_at: bool) -> dict[str, str]:
    """The columns that are written when a row closes, changes or is copied, by their names.

    A complete time of the last change is offered as ``updated_at``, unless there is one.
    """
    alone = {c.name for c in columns if c.distinct <= FLAG_VALUES or c.is_temporal}
    found = closing_by_name((column.name for column in columns), alone)
    constant = {c.name for c in columns if c.distinct <= 1 and not c.nulls}
    found = {n: why for n, why in found.items() if why != _BY_LEAVING or n not in constant}
    for column in columns:
        if not column.is_temporal or column.name in found:
            continue
        if looks_like_change(column.name):
            is_fit = not (has_updated_at or column.nulls or column.odd)
            found[column.name] = f"{_BY_CHANGE}{_MAY_BE_UPDATED_AT if is_fit else ''}"
        elif looks_like_load(column.name):
            found[column.name] = _BY_LOAD
    return found


def closing_by_values(columns: Sequence[Column], key: Column, updated_at: Column) -> dict[str, str]:
    """The columns that the source of these versions writes when one closes, with the reason.

    None is found in a table with one row per customer.
    """
    if key.distinct == key.known:
        return {}
    versions = _Versions.of(key, updated_at)
    if len(versions.following) < MIN_VERSIONS:
        return {}
    successions = Successions.of(key, versions.starts)
    # Where all newest versions are of the same time, they share whatever a time decides.
    is_periodic = _is_open(updated_at, versions) is not None
    reasons = {
        column.name: _ends_at_next(column, versions)
        or _is_open(column, versions, is_periodic=is_periodic)
        or later_by_itself(column, successions)
        for column in columns
    }
    found = {name: why for name, why in reasons.items() if why}
    others = [column for column in columns if column.name not in found]
    found |= later_by_others(others, successions)
    return {name: f"{_BY_VALUES} ({why})" for name, why in found.items()}


def _is_open(column: Column, versions: _Versions, *, is_periodic: bool = False) -> str | None:
    """One value, or null, marks the newest versions, and no closed one has it."""
    newest = column.codes[versions.is_newest]
    open_code = int(np.bincount(newest + 1).argmax()) - 1
    is_open = column.codes == open_code
    share = float(is_open[versions.is_newest].mean())
    only = is_open[versions.is_only]
    closed = int(is_open[versions.is_closed].sum())
    total = len(versions.following)
    least = min(share, only.mean() if len(only) else 1.0)
    is_clean = least >= MIN_OPEN_SHARE and closed <= MAX_OPEN_SHARE_OF_CLOSED * total
    is_mostly = least >= MIN_MOST_OPEN and closed <= MAX_LEFT_OPEN * total
    if not is_clean and (not is_mostly or is_periodic or not versions.are_told_apart):
        return None
    is_never = open_code < 0 or _NEVER.match(column.texts[open_code].as_py())
    is_unclear = is_periodic and column.distinct > 2
    if not is_never and (is_unclear or (share < 1 and not versions.are_told_apart)):
        return None
    what = "null" if open_code < 0 else "the same"
    return f"{what} on {share:.0%} of the newest versions and on {closed:,} of {total:,} others"


def _ends_at_next(column: Column, versions: _Versions) -> str | None:
    """A time at most a day from the start of the next version, and nearer to it than to its own."""
    ends = moments_of(column)[versions.following]
    known = ~np.isnat(ends)
    total = int(known.sum())
    distance = np.abs(versions.starts[versions.followers] - ends)
    is_nearer = distance <= ends - versions.starts[versions.following]
    found = int((known & is_nearer & (distance <= _DAY)).sum())
    if total < MIN_VERSIONS or found < MIN_FOLLOWED_SHARE * total:
        return None
    return f"within a day of the next version's start in {found:,} of {total:,}"
