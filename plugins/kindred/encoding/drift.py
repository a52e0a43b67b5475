"""Drift: how far the customers of a snapshot are from those that an encoder was fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from kindred.encoding.blocks import Block, State, floats, numbers_of, strings_of
from kindred.encoding.categories import CategoryBlock, slots_of
from kindred.spec.features import CategoricalFeature, Feature, TextFeature

BINS = 10
SMALLEST_SHARE = 1e-4
"""Share that stands for an empty bin, whose logarithm would be infinite."""
CHANCE = 1e-3
"""A stability index that chance alone exceeds more often than this says nothing."""

Counts = NDArray[np.int64]


class Reference(Protocol):
    """How a column's fitted customers fall into bins."""

    @property
    def counts(self) -> tuple[int, ...]:
        """Fitted customers in each bin."""

    def count(self, values: pd.Series) -> Counts:
        """Customers in each bin; the last bin holds missing values."""

    def to_json(self) -> dict[str, Any]:
        """The reference as plain JSON."""


@dataclass(frozen=True)
class NumberReference:
    """Bins of numbers: ``edges`` ascend; a value belongs to the bin that begins at or before it."""

    edges: tuple[float, ...]
    counts: tuple[int, ...] = ()

    def count(self, values: pd.Series) -> Counts:
        """Customers in each bin; the last bin holds missing values."""
        numbers = numbers_of(values)
        bins = np.searchsorted(np.asarray(self.edges), numbers, side="right")
        bins[np.isnan(numbers)] = len(self.edges) + 1
        return np.bincount(bins, minlength=len(self.edges) + 2)

    def to_json(self) -> dict[str, Any]:
        """The reference as plain JSON."""
        return {"edges": list(self.edges), "counts": list(self.counts)}

    @classmethod
    def from_json(cls, state: State) -> Self:
        """The reference a ``to_json`` was made from."""
        return cls(tuple(map(float, state["edges"])), tuple(map(int, state["counts"])))

    @classmethod
    def fit(cls, values: pd.Series) -> Self:
        """Deciles of the values; fewer where many customers share one."""
        numbers = np.sort(numbers_of(values))
        present = numbers[~np.isnan(numbers)]
        edges = np.empty(0)
        if present.size:
            quantiles = np.linspace(0.0, 1.0, BINS + 1)[1:-1]
            edges = np.unique(np.quantile(present, quantiles, method="higher"))
        bare = cls(tuple(floats(edges)))
        return cls(bare.edges, tuple(map(int, bare.count(values))))


@dataclass(frozen=True)
class LengthReference:
    """Bins of texts by their length in characters."""

    lengths: NumberReference

    @property
    def counts(self) -> tuple[int, ...]:
        """Fitted customers in each bin."""
        return self.lengths.counts

    def count(self, values: pd.Series) -> Counts:
        """Customers in each bin; the last bin holds missing values."""
        return self.lengths.count(lengths_of(values))

    def to_json(self) -> dict[str, Any]:
        """The reference as plain JSON."""
        return {"lengths": self.lengths.to_json()}


@dataclass(frozen=True)
class CategoryReference:
    """Bins of categories: those with a slot, then all others, then missing ones."""

    categories: tuple[str, ...]
    counts: tuple[int, ...] = ()

    def count(self, values: pd.Series) -> Counts:
        """Customers in each bin; the last bin holds missing values."""
        slots = slots_of(values, self.categories)
        slots[slots < 0] = len(self.categories) + 1
        return np.bincount(slots, minlength=len(self.categories) + 2)

    def to_json(self) -> dict[str, Any]:
        """The reference as plain JSON."""
        return {"categories": list(self.categories), "counts": list(self.counts)}


def lengths_of(values: pd.Series) -> pd.Series:
    """Characters of each text, NaN where missing."""
    lengths = [np.nan if text is None else float(len(text)) for text in strings_of(values)]
    return pd.Series(lengths, dtype=np.float64)


def fit_reference(feature: Feature, block: Block, values: pd.Series) -> Reference:
    """How the fitted customers of one column fall into bins."""
    if isinstance(feature, CategoricalFeature) and isinstance(block, CategoryBlock):
        bare = CategoryReference(block.categories)
        return CategoryReference(bare.categories, tuple(map(int, bare.count(values))))
    if isinstance(feature, TextFeature):
        return LengthReference(NumberReference.fit(lengths_of(values)))
    return NumberReference.fit(values)


def reference_from_json(state: State) -> Reference:
    """The reference a ``to_json`` was made from."""
    if "categories" in state:
        return CategoryReference(tuple(state["categories"]), tuple(map(int, state["counts"])))
    if "lengths" in state:
        return LengthReference(NumberReference.from_json(state["lengths"]))
    return NumberReference.from_json(state)


def stability_index(expected: Sequence[int], found: Sequence[int]) -> float:
    """Population stability index of two samples over the same bins.

    Parameters
    ----------
    expected, found : sequence of int, shape (bins,)
        Customers in each bin.

    Returns
    -------
    float
        Sum of (f - e) ln(f / e) over the shares e and f; 0 for equal shares or an empty sample.
        By custom below 0.1 little, above 0.25 a shift (Siddiqi, Credit Risk Scorecards, 2006).
        0 too where chance alone would give as much: with n and m customers in b bins the index
        times n m / (n + m) is about chi-squared with b - 1 degrees of freedom (Yurdakul, 2018,
        Statistical properties of the population stability index).
    """
    index, by_chance = measure_stability(expected, found)
    return index if index > by_chance else 0.0


def measure_stability(expected: Sequence[int], found: Sequence[int]) -> tuple[float, float]:
    """The population stability index as it is, and what chance exceeds once in 1,000 times."""
    counts = np.array([expected, found], dtype=np.float64)
    totals = counts.sum(axis=1)
    if not totals.all():
        return 0.0, 0.0
    bins = int((counts.sum(axis=0) > 0).sum())
    shares = np.maximum(counts / totals[:, None], SMALLEST_SHARE)
    index = float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
    by_chance = chi2.isf(CHANCE, max(1, bins - 1)) * totals.sum() / totals.prod()
    return index, float(by_chance)
