"""Drift: how much a snapshot's distribution differs from the customers an encoder was fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.encoding.blocks import Block, State, floats, numbers_of, strings_of
from kindred.encoding.categories import CategoryBlock, slots_of
from kindred.spec.features import CategoricalFeature, Feature, Kind, TextFeature

BINS = 10
SECONDS_PER_DAY = 86_400
SMALLEST_SHARE = 1e-4
"""Replaces the share of an empty bin, whose logarithm would be infinite."""
CHANCE = 1e-3
"""Significance level: chance alone exceeds the noise level of the index this often."""

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class NumberHistogram:
    """Bins of numbers, or of texts by their length in characters.

    ``edges`` ascend, and a value equal to an edge belongs to the upper bin.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...] = ()
    of_lengths: bool = False

    def count(self, values: pd.Series) -> Counts:
        """Customers in each bin; the last bin holds missing values."""
        numbers = numbers_of(lengths_of(values) if self.of_lengths else values)
        bins = np.searchsorted(np.asarray(self.edges), numbers, side="right")
        bins[np.isnan(numbers)] = len(self.edges) + 1
        return np.bincount(bins, minlength=len(self.edges) + 2)

    def to_json(self) -> dict[str, Any]:
        """The histogram as plain JSON."""
        bins = {"edges": list(self.edges), "counts": list(self.counts)}
        return {"lengths": bins} if self.of_lengths else bins

    @classmethod
    def fit(cls, values: pd.Series, *, of_lengths: bool) -> Self:
        """Bin by deciles of the values; there are fewer bins if many customers share a value."""
        numbers = np.sort(numbers_of(lengths_of(values) if of_lengths else values))
        present = numbers[~np.isnan(numbers)]
        edges = np.empty(0)
        if present.size:
            quantiles = np.linspace(0.0, 1.0, BINS + 1)[1:-1]
            edges = np.unique(np.quantile(present, quantiles, method="higher"))
        bare = cls(tuple(floats(edges)), of_lengths=of_lengths)
        return replace(bare, counts=tuple(bare.count(values).tolist()))


@dataclass(frozen=True)
class CategoryHistogram:
    """Bins of categories: those with a slot, then all others, then missing values."""

    categories: tuple[str, ...]
    counts: tuple[int, ...] = ()

    def count(self, values: pd.Series) -> Counts:
        """Customers in each bin; the last bin holds missing values."""
        slots = slots_of(values, self.categories)
        slots[slots < 0] = len(self.categories) + 1
        return np.bincount(slots, minlength=len(self.categories) + 2)

    def to_json(self) -> dict[str, Any]:
        """The histogram as plain JSON."""
        return {"categories": list(self.categories), "counts": list(self.counts)}


BaselineHistogram = NumberHistogram | CategoryHistogram
"""The histogram of a column over the customers that the encoder was fitted on."""


def lengths_of(values: pd.Series) -> pd.Series:
    """Length of each text in characters, NaN where missing."""
    lengths = [np.nan if text is None else float(len(text)) for text in strings_of(values)]
    return pd.Series(lengths, dtype=np.float64)


def day_of(moment: datetime) -> float:
    """A moment in days since 1970-01-01 UTC."""
    return moment.timestamp() / SECONDS_PER_DAY


def measured(kind: Kind, values: pd.Series, day: float) -> pd.Series:
    """What the bins of a column count; ``day`` is that of the customers, in days since 1970.

    Of a recency, its age on that day: customers who go on buying have later and later days, and are
    as they were.
    """
    return day - values if kind is Kind.RECENCY else values


def fit_baseline(
    feature: Feature, block: Block, values: pd.Series, fitted_day: float = 0.0
) -> BaselineHistogram:
    """Fit the baseline histogram of one column, to count what is `measured` of it."""
    values = measured(feature.kind, values, fitted_day)
    if isinstance(feature, CategoricalFeature) and isinstance(block, CategoryBlock):
        bare = CategoryHistogram(block.categories)
        return replace(bare, counts=tuple(bare.count(values).tolist()))
    return NumberHistogram.fit(values, of_lengths=isinstance(feature, TextFeature))


def baseline_from_json(state: State) -> BaselineHistogram:
    """The inverse of every histogram's ``to_json``."""
    if "categories" in state:
        return CategoryHistogram(tuple(state["categories"]), tuple(map(int, state["counts"])))
    bins = state.get("lengths", state)
    edges, counts = tuple(map(float, bins["edges"])), tuple(map(int, bins["counts"]))
    return NumberHistogram(edges, counts, of_lengths="lengths" in state)


def stability_index(expected: Sequence[int], found: Sequence[int]) -> float:
    """Population stability index of two samples over the same bins.

    Parameters
    ----------
    expected, found : sequence of int, shape (bins,)
        Customers in each bin.

    Returns
    -------
    float
        Sum of (f - e) ln(f / e) over the shares e and f; 0 for equal shares or an empty sample. By
        convention, values below 0.1 are small and values above 0.25 a shift (Siddiqi, Credit Risk
        Scorecards, 2006). Also 0 if the value is not significant: with n and m customers in b bins,
        the index times n m / (n + m) is about chi-squared with b - 1 degrees of freedom (Yurdakul,
        2018, Statistical properties of the population stability index).
    """
    index, by_chance = measure_stability(expected, found)
    return index if index > by_chance else 0.0


def measure_stability(expected: Sequence[int], found: Sequence[int]) -> tuple[float, float]:
    """The raw population stability index, and the value that chance exceeds 1 in 1,000 times."""
    # Imported here because most tasks never need it. The quantiles of scipy.stats are the same, but
    # to import that takes 0.6 s.
    from scipy.special import chdtri

    counts = np.array([expected, found], dtype=np.float64)
    totals = counts.sum(axis=1)
    if not totals.all():
        return 0.0, 0.0
    bins = int((counts.sum(axis=0) > 0).sum())
    shares = np.maximum(counts / totals[:, None], SMALLEST_SHARE)
    index = float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
    by_chance = chdtri(max(1, bins - 1), CHANCE) * totals.sum() / totals.prod()
    return index, float(by_chance)
