"""Traits of a cluster: how its customers differ from all customers, by falling effect size."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kindred.segments.profiles.comparison import MISSING, ColumnComparison
from kindred.segments.profiles.effect import SMALL_EFFECT
from kindred.spec.features import Kind

TOP_TRAITS = 10
"""Traits kept per cluster, in addition to all outcomes."""
VALUES_PER_COLUMN = 3
"""Traits of one categorical column among them, so that it does not crowd out other columns."""


@dataclass(frozen=True)
class Trait:
    """A mean or share of one cluster, compared with that of all customers.

    ``customers`` have a value; ``missing`` have none and do not count in ``estimate``. This is a
    mean, or a share from 0 to 1 if ``kind`` is boolean, categorical or missing; dates are in days
    since 1970-01-01. ``low`` and ``high`` are the 95 % interval. ``effect`` is Cohen's d or h, None
    if the column is constant.
    """

    column_name: str
    kind: str
    value: str | None
    customers: int
    missing: int
    estimate: float | None
    low: float | None
    high: float | None
    everyone: float | None
    effect: float | None

    @property
    def sort_key(self) -> tuple[float, str, str, str]:
        """Sorts traits by falling effect size; ties have a fixed order."""
        return (-abs(self.effect or 0.0), self.column_name, self.kind, self.value or "")

    def to_json(self, role: str, position: int) -> dict[str, Any]:
        """The trait as plain JSON, with its position among the traits of its role."""
        return {"role": role, "position": position, **vars(self)}


@dataclass(frozen=True)
class ClusterProfile:
    """The traits of largest effect of one cluster, its outcomes, and the terms for its name."""

    traits: list[Trait]
    outcomes: list[Trait]
    terms: list[str]

    def to_json(self) -> list[dict[str, Any]]:
        """Traits and outcomes as plain JSON."""
        return [
            trait.to_json(role, position)
            for role, traits in (("feature", self.traits), ("label", self.outcomes))
            for position, trait in enumerate(traits, start=1)
        ]


def rank_traits(
    comparisons: Sequence[ColumnComparison], outcomes: set[str], clusters: int
) -> list[ClusterProfile]:
    """The profiles of all clusters, by label, from the comparisons of one algorithm.

    Traits are ranked by effect size. ``outcomes`` contains the columns that are labels of the spec.
    Of a categorical feature the three values with the largest effects are ranked, of an outcome all
    values.
    """
    return [_profile(comparisons, outcomes, label) for label in range(clusters)]


def _profile(
    comparisons: Sequence[ColumnComparison], outcomes: set[str], label: int
) -> ClusterProfile:
    found: list[Trait] = []
    labels: list[Trait] = []
    for comparison in comparisons:
        if comparison.column in outcomes:
            labels.extend(_traits(comparison, label, range(len(comparison.values))))
        else:
            effects = np.abs(comparison.effects[label])
            order = np.argsort(-np.nan_to_num(effects), kind="stable")[:VALUES_PER_COLUMN]
            found.extend(_traits(comparison, label, (i for i in order if effects[i] >= 0.0)))
    found.sort(key=lambda trait: trait.sort_key)
    labels.sort(key=lambda trait: trait.sort_key)
    return ClusterProfile(found[:TOP_TRAITS], labels, terms_of(found))


def _traits(comparison: ColumnComparison, label: int, positions: Iterable[int]) -> Iterator[Trait]:
    for position in positions:
        yield Trait(
            comparison.column,
            comparison.kind,
            comparison.values[position],
            int(comparison.customers[label]),
            int(comparison.missing[label]),
            _number(comparison.estimates[label, position]),
            _number(comparison.lows[label, position]),
            _number(comparison.highs[label, position]),
            _number(comparison.everyone[position]),
            _number(comparison.effects[label, position]),
        )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def terms_of(traits: Sequence[Trait]) -> list[str]:
    """The terms for a name: one per column, from traits with at least a small effect.

    Where most members have no value of a column, the only term it can give is that it is missing.
    Of a categorical column, a value that is more frequent in the cluster is preferred over a value
    that is rarer.
    """
    by_column: dict[str, list[Trait]] = defaultdict(list)
    for trait in traits:
        is_of_most = trait.customers >= trait.missing
        if is_of_most and trait.effect is not None and abs(trait.effect) >= SMALL_EFFECT:
            by_column[trait.column_name].append(trait)
    best = (next((t for t in alike if _is_presence(t)), alike[0]) for alike in by_column.values())
    return [_term(trait) for trait in best]


def _is_presence(trait: Trait) -> bool:
    return trait.kind != Kind.CATEGORICAL or (trait.effect or 0.0) > 0.0


def _term(trait: Trait) -> str:
    is_more = (trait.effect or 0.0) > 0.0
    if trait.kind == Kind.CATEGORICAL:
        return f"{trait.column_name} {'' if is_more else 'not '}{trait.value}"
    words = {
        MISSING: ("no {}", "known {}"),
        Kind.BOOLEAN.value: ("{} yes", "{} no"),
        Kind.DATE.value: ("late {}", "early {}"),
        Kind.NUMERIC.value: ("high {}", "low {}"),
    }
    return words[trait.kind][0 if is_more else 1].format(trait.column_name)
