"""Lines of events, such as order lines or visits, in a canonical order; and which of them count."""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NO_ITEM = -1
MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class Lines:
    """Lines of events, sorted by customer.

    Attributes
    ----------
    customers : ndarray of int64, shape (lines,)
        The row of each line's customer, from 0; ascending.
    at : ndarray of int64, shape (lines,)
        Microseconds since 1970-01-01 UTC.
    items : ndarray of int64, shape (lines,)
        The number of each line's item, from 0; `NO_ITEM` for none.
    amounts, quantities : ndarray of float64, shape (lines,)
        NaN where missing or where the source has no such column.
    """

    customers: NDArray[np.int64]
    at: NDArray[np.int64]
    items: NDArray[np.int64]
    amounts: Floats
    quantities: Floats

    @classmethod
    def of(
        cls,
        customers: NDArray[np.integer],
        at: NDArray[np.int64],
        items: NDArray[np.integer] | None = None,
        amounts: Floats | None = None,
        quantities: Floats | None = None,
    ) -> Self:
        """Sort lines by customer; their order within a customer does not affect any result."""
        count = len(customers)
        missing = np.full(count, np.nan)
        lines = cls(
            np.asarray(customers, dtype=np.int64),
            np.asarray(at, dtype=np.int64),
            np.full(count, NO_ITEM) if items is None else np.asarray(items, dtype=np.int64),
            missing if amounts is None else np.asarray(amounts, dtype=np.float64),
            missing if quantities is None else np.asarray(quantities, dtype=np.float64),
        )
        if (np.diff(lines.customers) >= 0).all():
            return lines
        return lines.take(np.argsort(lines.customers, kind="stable"))

    def __len__(self) -> int:
        return len(self.customers)

    def take(self, chosen: NDArray[np.intp] | Flags | slice) -> Self:
        """Some of the lines, by ascending position, a mask or a slice."""
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @property
    def is_negative(self) -> Flags:
        """Which lines give something back: a negative amount or quantity.

        They lower sums and means, and are no purchase.
        """
        with np.errstate(invalid="ignore"):
            return np.asarray((self.amounts < 0.0) | (self.quantities < 0.0))

    def are_within(self, as_of: int, days: float | None = None) -> Flags:
        """Which lines are before a moment, and not more than ``days`` before it.

        ``as_of`` is in microseconds since 1970-01-01 UTC, and ``days`` are of 24 hours. An event at
        ``as_of`` is excluded, one exactly ``days`` earlier is included.
        """
        is_inside = self.at < as_of
        if days is not None:
            is_inside &= self.at >= as_of - round(days * MICROSECONDS_PER_DAY)
        return is_inside

    def within(self, as_of: int, days: float | None = None) -> Self:
        """The lines for which `are_within` holds."""
        is_inside = self.are_within(as_of, days)
        return self if is_inside.all() else self.take(is_inside)


@dataclass(frozen=True)
class Unknown:
    """Events in force that count for nobody, and their customers, whom the snapshot does not have.

    ``alike``: of the customers, those it would have, were blanks and capitals no part of a key.
    """

    events: int = 0
    customers: int = 0
    alike: int = 0

    def __add__(self, other: "Unknown") -> "Unknown":
        return Unknown(
            self.events + other.events, self.customers + other.customers, self.alike + other.alike
        )


NOBODY = Unknown()


@dataclass(frozen=True, eq=False)
class EventRows:
    """Events of customers, as features and recommendations read them.

    ``lines``: the customers are row numbers, and ``lines.items`` positions in ``items``, the items'
    texts in ascending order. ``numbers``: stored column -> float64 (lines,), NaN for missing;
    ``codes``: stored column -> int32 (lines,), positions in ``values`` of that column, -1 for
    missing. Codes of the warehouse, which depend on arrival, are in none of them. ``unknown``: what
    was left out, where that was asked for.
    """

    lines: Lines
    items: NDArray[np.str_]
    numbers: dict[str, Floats]
    codes: dict[str, NDArray[np.int32]]
    values: dict[str, NDArray[np.str_]]
    unknown: Unknown = NOBODY

    def without_signs_of(self, private: Collection[str]) -> Self:
        """The events as readers may know them: a private amount or quantity gives nothing back.

        Otherwise a count, the last purchase and what is owned would show the signs of a column that
        is shown nowhere. ``private``: names of columns, of any kind.
        """
        hidden = {
            name: np.full(len(self.lines), np.nan)
            for name, role in (("amounts", "amount"), ("quantities", "quantity"))
            if role in private
        }
        return replace(self, lines=replace(self.lines, **hidden)) if hidden else self

    def part(self, start: int, stop: int) -> Self:
        """The events of the customers in rows ``start`` to ``stop``, who become rows from 0."""
        first, last = np.searchsorted(self.lines.customers, [start, stop])
        part = self.take(slice(first, last))
        return replace(part, lines=replace(part.lines, customers=part.lines.customers - start))

    def take(self, chosen: Flags | slice) -> Self:
        """Some of the events, by a mask or a slice."""
        return replace(
            self,
            lines=self.lines.take(chosen),
            numbers={name: values[chosen] for name, values in self.numbers.items()},
            codes={name: codes[chosen] for name, codes in self.codes.items()},
        )
