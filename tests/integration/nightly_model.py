"""What must be in the history and in each snapshot: the rules of the documentation, in memory.

A source of one feature row a customer changes between runs; ``Model`` is told of each run and says
what the tables must hold after it. It knows nothing of SQL, windows that are read, or stages.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from integration.warehouse import moment

START = moment("2026-02-01T02:00")  # what came before has landed when a sequence begins
DAY = timedelta(days=1)
OVERLAP = timedelta(hours=24)
WEEK = timedelta(days=7)
STAMP = timedelta(microseconds=1)  # before the end of a window: when it saw what has no time
EDGE = timedelta(microseconds=4)  # after the end of what was read: when a change that hides came

DIFFERENT = "different rows with the same customer_id and {}"
EARLIER = "an earlier extraction brought different values for the same customer_id and {}"


class Kind(StrEnum):
    """How a source tells what has changed and who has left."""

    TOMBSTONE = "tombstone"  # a row a customer, with a column that says who is gone
    KEYS = "keys"  # a row a customer; who is not there any more is gone
    VERSIONS = "versions"  # rows are only added
    UNDATED = "undated"  # a row a customer and no time of change

    @property
    def has_tombstone(self) -> bool:
        return self in (Kind.TOMBSTONE, Kind.VERSIONS)

    @property
    def has_updated_at(self) -> bool:
        return self is not Kind.UNDATED


@dataclass(frozen=True)
class Row:
    """A row of the source."""

    customer: int | None
    updated_at: datetime | None
    income: float | None
    state: str | None
    is_gone: bool = False

    @property
    def values(self) -> tuple[Any, ...]:
        return (self.is_gone, self.income, self.state)


@dataclass(frozen=True)
class Version:
    """What the history says of a customer from a moment on."""

    is_deleted: bool
    income: float | None
    state: str | None

    @property
    def values(self) -> tuple[Any, ...]:
        return (self.is_deleted, self.income, self.state)


Key = tuple[int, datetime]


@dataclass
class Model:
    """The source as it is, and what all runs until now must have made of it."""

    kind: Kind
    rows: list[Row] = field(default_factory=list)
    versions: dict[Key, Version] = field(default_factory=dict)
    rejected: set[tuple[Row, str]] = field(default_factory=set)
    landed_until: datetime | None = None
    is_published: bool = False  # whether runs go on to publish, or stop once customers are encoded
    late: dict[datetime, int] = field(default_factory=dict)  # of the snapshots that there are
    compared_at: datetime | None = None  # the end of the last window whose keys were compared
    found: dict[Key, datetime] = field(default_factory=dict)  # versions no window brought: own time

    def run(
        self, as_of: datetime, *, full_extract: bool = False, is_night: bool = True
    ) -> dict[int, datetime]:
        """Land what a run lands; returns its customers with the time of the version in force."""
        is_newest = self.landed_until is None or self.landed_until < as_of
        compares = is_newest and is_night and self._compares(as_of, full_extract)
        if is_newest or (full_extract and self.kind.has_updated_at):
            read = self._read(as_of, full_extract)
            self._land(read, as_of, fill=full_extract)
        if is_newest:
            if self.kind in (Kind.KEYS, Kind.UNDATED):
                self._compare_keys(as_of)
            if compares:
                self._land_missing(as_of, read)
            self.landed_until = as_of
        contents = self.contents(as_of)
        if contents:
            self.late[as_of] = 0
        elif not self.is_published:
            self.late.pop(
                as_of, None
            )  # what is published stays until there is something to publish
        return contents

    def contents(self, as_of: datetime) -> dict[int, datetime]:
        """Customers of a snapshot with the time of their newest version before it."""
        newest = self._newest(as_of)
        return {
            customer: when
            for customer, when in newest.items()
            if not self.versions[customer, when].is_deleted
        }

    def _newest(self, as_of: datetime) -> dict[int, datetime]:
        newest: dict[int, datetime] = {}
        for customer, when in self.versions:
            if when < as_of and when >= newest.get(customer, when):
                newest[customer] = when
        return newest

    def _read(self, end: datetime, full_extract: bool) -> list[Row]:
        """Rows of the window and its overlap; rows without a time belong to every window."""
        if not self.kind.has_updated_at:
            stamp = end - STAMP
            return [Row(row.customer, stamp, row.income, row.state) for row in self.rows]
        begin = None if full_extract or self.landed_until is None else self.landed_until - OVERLAP
        return [
            row
            for row in self.rows
            if row.updated_at is None
            or (row.updated_at < end and (begin is None or row.updated_at >= begin))
        ]

    def _land(self, read: list[Row], end: datetime, *, fill: bool) -> None:
        before = {as_of: self.contents(as_of) for as_of in self.late}
        good = []
        for row, when, reasons in self._judged(read, end, fill):
            if reasons:
                self.rejected.add((row, "; ".join(sorted(reasons))))
            else:
                good.append((row, when))
        for row, when in good:
            self._accept(row, when, fill)
            if when == self._edge(end):
                self.found[row.customer, when] = row.updated_at
        if self.kind.has_updated_at:
            for as_of, contents in before.items():
                self.late[as_of] += _changes(contents, self.contents(as_of))

    def _edge(self, end: datetime) -> datetime | None:
        """When a change came that a later version would hide; nothing is new in an older window."""
        is_newest = self.landed_until is not None and self.landed_until < end
        return self.landed_until + EDGE if is_newest else None

    def _place(self, row: Row, read: list[Row], end: datetime, fill: bool) -> datetime | None:
        """When a row is dated: by its own time, unless a later version hides it."""
        own = row.updated_at
        if not self.kind.has_updated_at or row.customer is None or own is None or _bad_values(row):
            return own
        times = [when for customer, when in self.versions if customer == row.customer]
        if not times or max(times) < own:
            return own
        in_force = self.versions[row.customer, max(times)]
        if max(times) == own and in_force.is_deleted == row.is_gone:
            return own
        others = [r for r in read if r.customer == row.customer and r.updated_at is not None]
        if any(other.updated_at == own and other.values != row.values for other in others):
            return own
        is_newest = all(other.updated_at <= own for other in others)
        edge = self._edge(end)
        if edge is not None and is_newest and in_force.values != row.values:
            return edge
        if fill and own not in times:
            return own
        as_landed = []
        for (customer, when), found in self.found.items():
            if (customer, found) == (row.customer, own):
                version = self.versions[customer, when]
                if (_filled(version, row) if fill else version).values == row.values:
                    as_landed.append(when)
        return max(as_landed, default=own)

    def _accept(self, row: Row, when: datetime, fill: bool) -> None:
        assert row.customer is not None
        key = (row.customer, when)
        known = self.versions.get(key)
        new = Version(*row.values)
        if known is None:
            in_force = self._newest(when).get(row.customer)
            if (
                self.kind.has_updated_at
                or in_force is None
                or self.versions[row.customer, in_force] != new
            ):
                self.versions[key] = new
        elif fill:
            self.versions[key] = _filled(known, row)

    def _judged(
        self, read: list[Row], end: datetime, fill: bool
    ) -> Iterable[tuple[Row, datetime | None, list[str]]]:
        """Each row with its place and all that is wrong with it."""
        name = "updated_at" if self.kind.has_updated_at else "none"
        for row, own_reasons in list(self._own_problems(read)):
            when = self._place(row, read, end, fill)
            reasons = [*own_reasons]
            known = self.versions.get((row.customer, when)) if row.customer and when else None
            if known is not None:
                known = _filled(known, row) if fill else known
                if known.values != row.values:
                    reasons.append(EARLIER.format(name))
            yield row, when, reasons

    def _own_problems(self, read: list[Row]) -> Iterable[tuple[Row, list[str]]]:
        """Each row with what is wrong with it, whatever has landed."""
        name = "updated_at" if self.kind.has_updated_at else "none"
        same: dict[Any, set[Row]] = defaultdict(set)
        for row in read:
            same[row.customer, row.updated_at].add(row)
        for row in read:
            reasons = [reason] if (reason := _bad_values(row)) else []
            is_dated = row.customer is not None and row.updated_at is not None
            if is_dated and len(same[row.customer, row.updated_at]) > 1:
                reasons.append(DIFFERENT.format(name))
            yield row, reasons

    def _compares(self, end: datetime, full_extract: bool) -> bool:
        """Whether a night looks for missing customers: each, weekly, or because counts differ."""
        if not self.kind.has_tombstone or self.compared_at is None:
            return self.kind is not Kind.UNDATED
        if self.compared_at <= end - WEEK:
            return True
        read = self._read(end, full_extract)
        newest = self._newest_rows(end)
        known = self._newest(end)
        accounted = known.keys() | {row.customer for row in read if row.customer is not None}
        alive = {row.customer for row in self.rows if not row.is_gone and _is_newest(row, newest)}
        in_force = {c for c, when in known.items() if not self.versions[c, when].is_deleted}
        present = in_force | {row.customer for row in read if row.customer and not row.is_gone}
        leaving = {row.customer for row in read if row.is_gone}
        times = [self.found.get(key, key[1]) for key in self.versions]
        times += [row.updated_at for row in read if row.updated_at]
        times += [row.updated_at for row, _ in self.rejected if row.updated_at]
        return (
            len(newest) > len(accounted)
            or len(alive) > len(present)
            or (len(newest) >= len(known) and len(alive) < len(in_force - leaving))
            or bool(newest and times and max(newest.values()) > max(times))
        )

    def _newest_rows(self, end: datetime) -> dict[int, datetime]:
        """The time of each customer's newest row before the end."""
        newest: dict[int, datetime] = {}
        for row in self.rows:
            if row.customer is not None and row.updated_at is not None and row.updated_at < end:
                newest[row.customer] = max(row.updated_at, newest.get(row.customer, row.updated_at))
        return newest

    def _land_missing(self, end: datetime, read: list[Row]) -> None:
        """Customers that no window brought are there as of the end of the newest one.

        So are newer rows of known ones, and who has left or is back without a newer time.
        """
        self.compared_at = end
        newest, known = self._newest_rows(end), self._newest(end)
        alive = {row.customer for row in self.rows if not row.is_gone and _is_newest(row, newest)}
        landing = {(row.customer, row.updated_at) for row in read}
        missing = set()
        for customer, when in newest.items() - landing:
            in_force = self.versions[customer, known[customer]] if customer in known else None
            is_present = in_force is not None and not in_force.is_deleted
            key = (customer, known.get(customer))
            is_newer = is_present and when > self.found.get(key, key[1])
            if (customer in alive) != is_present or (customer in alive and is_newer):
                missing.add(customer)
        found = [row for row in self.rows if row.customer in missing and _is_newest(row, newest)]
        rejected = {row for row, _ in self.rejected}
        for row, reasons in list(self._own_problems(found)):
            if not reasons:
                key = (row.customer, end - STAMP)
                if key not in self.versions:
                    self.versions[key] = Version(*row.values)
                    self.found[key] = row.updated_at
            elif row not in rejected:
                self.rejected.add((row, "; ".join(sorted(reasons))))

    def _compare_keys(self, end: datetime) -> None:
        """Who is not in the source is gone."""
        present = {row.customer for row in self.rows}
        for customer, when in self._newest(end).items():
            if customer not in present and not self.versions[customer, when].is_deleted:
                self.versions[customer, end - STAMP] = Version(True, None, None)


def _is_newest(row: Row, newest: dict[int, datetime]) -> bool:
    return row.customer in newest and row.updated_at == newest[row.customer]


def _bad_values(row: Row) -> str:
    reasons = []
    if row.customer is None:
        reasons.append("customer_id: null")
    if row.updated_at is None:
        reasons.append("updated_at: null")
    if row.income is not None and math.isnan(row.income):
        reasons.append("income: not a finite number between -1e37 and 1e37")
    return "; ".join(reasons)


def _filled(version: Version, row: Row) -> Version:
    """A version with the values of a row where it has none."""
    return Version(
        version.is_deleted,
        row.income if version.income is None else version.income,
        row.state if version.state is None else version.state,
    )


def _changes(before: dict[int, datetime], after: dict[int, datetime]) -> int:
    """Customers of whom a snapshot would say something else."""
    return sum(before.get(customer) != after.get(customer) for customer in {*before, *after})
