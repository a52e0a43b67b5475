"""Tallies of profiles: counts and sums of every column by cluster, added block by block.

Values are added one by one in customer order, so that the sums do not depend on the block size.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.encoding.blocks import numbers_of
from kindred.encoding.categories import slots_of
from kindred.segments.clusters import NOISE
from kindred.spec.features import Kind

MAX_VALUES = 200
"""Distinct values of an outcome that are counted separately: the first ones to occur."""

MISSING = -1

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Groups = NDArray[np.intp]


@dataclass(frozen=True)
class ProfileColumn:
    """A column to profile: a feature, or an outcome (a label of the spec).

    ``categories`` are those with a slot of their own in the encoder; for an outcome they are
    collected from the data. ``scale`` is the encoder's transform of a number before it is
    standardised. A text column is a number if there is a text, NaN if there is none.
    """

    name: str
    kind: Kind
    is_outcome: bool = False
    categories: tuple[str, ...] = ()
    scale: Callable[[Floats], Floats] | None = None


class Vocabulary:
    """Codes for the values of an outcome, in order of first occurrence."""

    def __init__(self) -> None:
        self.slots: dict[str, int] = {}

    def codes(self, values: pd.Series) -> NDArray[np.intp]:
        """The code of each value; ``MAX_VALUES`` for all further values, -1 for missing ones."""
        codes, found = pd.factorize(values.to_numpy(dtype=object), use_na_sentinel=True)
        for value in found:
            if len(self.slots) < MAX_VALUES:
                self.slots.setdefault(str(value), len(self.slots))
        numbers = [self.slots.get(str(value), MAX_VALUES) for value in found]
        return np.array([*numbers, MISSING], dtype=np.intp)[codes]


@dataclass
class Moments:
    """Count, sum and sum of squares of each group's values, relative to a common origin."""

    counts: Counts
    sums: Floats
    squares: Floats
    origin: float | None = None

    @classmethod
    def empty(cls, groups: int) -> "Moments":
        """Moments of no values."""
        return cls(np.zeros(groups, dtype=np.int64), np.zeros(groups), np.zeros(groups))

    def add(self, groups: Groups, values: Floats) -> None:
        """Add values; NaN is missing."""
        is_known = ~np.isnan(values)
        groups, values = groups[is_known], values[is_known]
        if not len(values):
            return
        if self.origin is None:
            self.origin = float(values[0])  # near the other values, which keeps squares precise
        shifted = values - self.origin
        self.counts += np.bincount(groups, minlength=len(self.counts))
        np.add.at(self.sums, groups, shifted)
        np.add.at(self.squares, groups, shifted * shifted)

    @property
    def means(self) -> Floats:
        """Mean of each group; NaN for a group without values."""
        return _divided(self.sums, self.counts) + (self.origin or 0.0)

    @property
    def deviations(self) -> Floats:
        """Sample standard deviation of each group; NaN for fewer than two values."""
        spread = self.squares - self.sums * _divided(self.sums, self.counts)
        return np.asarray(np.sqrt(np.maximum(_divided(spread, self.counts - 1), 0.0)))

    def together(self) -> "Moments":
        """The moments of all groups combined."""
        return Moments(
            self.counts.sum(keepdims=True),
            self.sums.sum(keepdims=True),
            self.squares.sum(keepdims=True),
            self.origin,
        )


def _divided(values: Floats, counts: Counts) -> Floats:
    out = np.full(len(values), np.nan)
    return np.asarray(np.divide(values, counts, out=out, where=counts > 0))


@dataclass
class NumberTally:
    """A column of numbers, booleans or dates; ``scaled`` is on the encoder's scale."""

    moments: Moments
    scaled: Moments | None
    is_flag: bool = True

    def add(self, groups: Groups, values: Floats, scaled: Floats | None) -> None:
        """Add a block of customers."""
        self.moments.add(groups, values)
        if self.scaled is not None and scaled is not None:
            self.scaled.add(groups, scaled)
        self.is_flag = self.is_flag and bool(np.isin(values[~np.isnan(values)], (0.0, 1.0)).all())


@dataclass
class CategoryTally:
    """A column of categories: customers by group and slot; the last slot is for all others."""

    counts: Counts

    def add(self, groups: Groups, codes: NDArray[np.intp]) -> None:
        """Add a block of customers; a code of -1 is a missing value."""
        is_known = codes != MISSING
        width = self.counts.shape[1]
        cells = groups[is_known] * width + codes[is_known]
        self.counts += np.bincount(cells, minlength=self.counts.size).reshape(self.counts.shape)


Measured = Mapping[str, tuple[Floats, Floats | None] | NDArray[np.intp]]


@dataclass
class Measure:
    """Converts blocks of customers to numbers and codes, once for all algorithms."""

    columns: Sequence[ProfileColumn]
    vocabularies: dict[str, Vocabulary] = field(default_factory=dict)

    def __call__(self, frame: pd.DataFrame) -> Measured:
        """Convert the columns of a block; ``frame`` has one column for each."""
        return {column.name: self._measured(column, frame[column.name]) for column in self.columns}

    def _measured(
        self, column: ProfileColumn, values: pd.Series
    ) -> tuple[Floats, Floats | None] | NDArray[np.intp]:
        if column.kind is Kind.CATEGORICAL:
            if column.is_outcome:
                return self.vocabularies.setdefault(column.name, Vocabulary()).codes(values)
            return slots_of(values, column.categories)
        numbers = numbers_of(values)
        return numbers, None if column.scale is None else column.scale(numbers)

    def values_of(self, column: ProfileColumn) -> tuple[str, ...]:
        """The values of a categorical column, by slot."""
        if column.is_outcome:
            return tuple(self.vocabularies.setdefault(column.name, Vocabulary()).slots)
        return column.categories


class Tallies:
    """All columns of a profile by cluster of one algorithm; the last group is noise."""

    def __init__(self, columns: Sequence[ProfileColumn], clusters: int) -> None:
        self.clusters = clusters
        self.customers = np.zeros(clusters + 1, dtype=np.int64)
        self.columns = {column.name: _tally(column, clusters + 1) for column in columns}

    def add(self, labels: NDArray[np.int32], measured: Measured) -> None:
        """Add a block of customers with their labels (-1 for noise)."""
        groups = np.where(labels == NOISE, self.clusters, labels).astype(np.intp)
        self.customers += np.bincount(groups, minlength=len(self.customers))
        for name, values in measured.items():
            tally = self.columns[name]
            if isinstance(tally, NumberTally) and isinstance(values, tuple):
                tally.add(groups, *values)
            elif isinstance(tally, CategoryTally) and isinstance(values, np.ndarray):
                tally.add(groups, values)


def _tally(column: ProfileColumn, groups: int) -> NumberTally | CategoryTally:
    if column.kind is not Kind.CATEGORICAL:
        scaled = None if column.scale is None else Moments.empty(groups)
        return NumberTally(Moments.empty(groups), scaled)
    slots = MAX_VALUES if column.is_outcome else len(column.categories)
    return CategoryTally(np.zeros((groups, slots + 1), dtype=np.int64))
