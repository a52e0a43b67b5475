"""Compare every column of every cluster with all customers: means, shares, intervals, effects."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kindred.segments.profiles.effect import (
    Floats,
    cohens_d,
    cohens_h,
    mean_interval,
    wilson_interval,
)
from kindred.segments.profiles.tallies import (
    MAX_VALUES,
    CategoryTally,
    Counts,
    Measure,
    NumberTally,
    ProfileColumn,
    Tallies,
)
from kindred.spec.features import Kind

MISSING = "missing"
"""The kind of a comparison of the shares of missing values."""

MIN_CUSTOMERS = 10
"""Customers that a value of an outcome needs in order to be shown: min_frequency's default."""
OUTCOME_VALUES = 20
"""Values of an outcome that are shown, most frequent first."""

FLAGS = {"1": 1, "true": 1, "t": 1, "yes": 1, "y": 1, "0": 0, "false": 0, "f": 0, "no": 0, "n": 0}
"""Words that stand for a boolean, as in the SQL function ``to_flag``."""


@dataclass(frozen=True)
class ColumnComparison:
    """One column of all g clusters, with v values (a single None unless it is categorical).

    ``customers`` and ``missing`` (g,): customers with and without a value. ``estimates`` (g, v):
    means or shares; ``lows`` and ``highs`` are the 95 % interval, ``effects`` the effect sizes.
    ``everyone`` (v,): the mean or share of all customers, including noise. NaN where undefined.
    """

    column: str
    kind: str
    values: tuple[str | None, ...]
    customers: Counts
    missing: Counts
    estimates: Floats
    lows: Floats
    highs: Floats
    effects: Floats
    everyone: Floats


def compare(measure: Measure, tallies: Tallies) -> list[ColumnComparison]:
    """Compare the clusters of one algorithm with all customers, in the order of the columns.

    ``measure`` is the one that produced the tallies. If some customers have no value of a feature,
    the shares of missing values are compared, too. For a text this is the only comparison.
    """
    found: list[ColumnComparison] = []
    for column in measure.columns:
        tally = tallies.columns[column.name]
        if isinstance(tally, CategoryTally):
            known = tally.counts.sum(axis=1)
            found.extend(_categories(column, measure.values_of(column), tally, tallies.customers))
        else:
            known = tally.moments.counts
            if column.kind is not Kind.TEXT:
                found.append(_numbers(column, tally, tallies.customers))
        if not column.is_outcome and known.sum() < tallies.customers.sum():
            missing = (tallies.customers - known)[:, None]
            none = np.zeros_like(known)
            found.append(_shares(column.name, MISSING, (None,), missing, tallies.customers, none))
    return found


def _numbers(column: ProfileColumn, tally: NumberTally, customers: Counts) -> ColumnComparison:
    moments = tally.moments
    missing = customers - moments.counts
    if column.kind is Kind.BOOLEAN or (
        column.is_outcome and column.kind is Kind.NUMERIC and tally.is_flag
    ):
        # A group without values has a mean of NaN.
        ones = np.rint(np.nan_to_num(moments.means) * moments.counts).astype(np.int64)[:, None]
        return _shares(column.name, Kind.BOOLEAN.value, (None,), ones, moments.counts, missing)
    scaled = tally.scaled or moments
    everyone = scaled.together()
    effects = cohens_d(scaled.means, float(everyone.means[0]), float(everyone.deviations[0]))
    lows, highs = mean_interval(moments.means, moments.deviations, moments.counts)
    g = len(customers) - 1
    return ColumnComparison(
        column.name,
        column.kind.value,
        (None,),
        moments.counts[:g],
        missing[:g],
        moments.means[:g, None],
        lows[:g, None],
        highs[:g, None],
        effects[:g, None],
        moments.together().means,
    )


def _categories(
    column: ProfileColumn, values: tuple[str, ...], tally: CategoryTally, customers: Counts
) -> Iterator[ColumnComparison]:
    known = tally.counts.sum(axis=1)
    counts = tally.counts[:, : len(values)]
    missing = customers - known
    if column.is_outcome and _are_flags(values, tally):
        ones = counts @ np.array([FLAGS[value.lower()] for value in values], dtype=np.int64)
        yield _shares(column.name, Kind.BOOLEAN.value, (None,), ones[:, None], known, missing)
        return
    if column.is_outcome:
        totals = counts.sum(axis=0)
        order = np.lexsort((np.array(values, dtype=object), -totals)) if values else totals
        shown = [int(i) for i in order if totals[i] >= MIN_CUSTOMERS][:OUTCOME_VALUES]
        counts, values = counts[:, shown], tuple(values[i] for i in shown)
    if values:
        yield _shares(column.name, column.kind.value, values, counts, known, missing)


def _are_flags(values: tuple[str, ...], tally: CategoryTally) -> bool:
    """Whether all values stand for booleans."""
    has_others = bool(tally.counts[:, MAX_VALUES].any())
    return bool(values) and not has_others and all(value.lower() in FLAGS for value in values)


def _shares(
    column: str,
    kind: str,
    values: tuple[str | None, ...],
    counts: Counts,
    customers: Counts,
    missing: Counts,
) -> ColumnComparison:
    """Compare shares: ``counts`` (g + 1, v) of ``customers`` (g + 1,); the last group is noise."""
    g = len(customers) - 1
    total = customers.sum()
    shares = np.full((g, len(values)), np.nan)
    np.divide(counts[:g], customers[:g, None], out=shares, where=customers[:g, None] > 0)
    everyone = counts.sum(axis=0) / total if total else np.full(len(values), np.nan)
    lows, highs = wilson_interval(counts[:g], customers[:g, None])
    effects = cohens_h(shares, everyone)
    return ColumnComparison(
        column, kind, values, customers[:g], missing[:g], shares, lows, highs, effects, everyone
    )
