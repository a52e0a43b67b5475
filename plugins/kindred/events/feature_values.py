"""The features of customers from their events: a number each, and purchases of items."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.events import aggregates
from kindred.events.lines import EventRows, Floats
from kindred.events.ownership import ItemCounts, purchases_of
from kindred.events.stored_names import stored_name
from kindred.spec.event_columns import ITEM, codes_of, numbers_of
from kindred.spec.features import (
    CountFeature,
    DaysBetweenFeature,
    DistinctCountFeature,
    EventFeature,
    ItemsFeature,
    MeanFeature,
    RecencyFeature,
    ShareFeature,
    SumFeature,
)

PART_LINES = 1 << 19
"""About how many lines are computed at once, in one thread: they fit into a core's cache better
than all lines do."""
PART_BYTES = 200
"""Memory per line of a part: its columns within a window, their sorted copies, and the orders."""
NO_SUCH_VALUE = -2


@dataclass(frozen=True, eq=False)
class FeatureValues:
    """The event features of n customers, each by its name.

    ``numbers``: float64 (n,), NaN where missing; a recency is the last purchase in days since
    1970-01-01 UTC. ``purchases``: those of features of kind ``items``.
    """

    numbers: dict[str, Floats]
    purchases: dict[str, ItemCounts]


def columns_read(feature: EventFeature) -> frozenset[str]:
    """The stored columns of events that a feature is made of (`event_tables.stored_name`)."""
    numbers = (stored_name(column, is_code=False) for column in numbers_of(feature))
    codes = (stored_name(column, is_code=True) for column in codes_of(feature))
    return frozenset({*numbers, *codes})


def compute_features(
    features: Mapping[str, EventFeature],
    rows: EventRows,
    customers: int,
    as_of: int,
    threads: int = 1,
) -> FeatureValues:
    """Compute features of one table of events.

    Parameters
    ----------
    features : mapping of str to EventFeature
    rows : EventRows
        Lines before ``as_of``, as far back as any feature looks.
    customers : int
        The number of customers: rows of lines count from 0.
    as_of : int
        Microseconds since 1970-01-01 UTC.
    threads : int
        They affect no result, since each customer's values depend on its own lines only.

    Returns
    -------
    FeatureValues
        Customers without events have counts and sums of 0, and no other number.
    """
    edges = _edges(rows, customers)

    def compute(part: tuple[int, int]) -> FeatureValues:
        return _of_part(features, rows.part(*part), part[1] - part[0], as_of)

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(compute, pairwise(edges)))
    numbers = {
        name: np.concatenate([np.empty(0), *(part.numbers[name] for part in parts)])
        for name, feature in features.items()
        if not isinstance(feature, ItemsFeature)
    }
    purchases = {
        name: ItemCounts(
            _stacked([part.purchases[name].counts for part in parts], len(rows.items)), rows.items
        )
        for name, feature in features.items()
        if isinstance(feature, ItemsFeature)
    }
    return FeatureValues(numbers, purchases)


def _edges(rows: EventRows, customers: int) -> list[int]:
    """Customers at which parts begin and end: each has about `PART_LINES` lines."""
    wanted = rows.lines.customers[PART_LINES::PART_LINES]
    return sorted({0, customers, *wanted.tolist()})


def _stacked(parts: list[Any], items: int) -> Any:
    if not parts:
        return sparse.csr_array((0, items), dtype=np.int32)
    return sparse.csr_array(sparse.vstack(parts, format="csr"))


def _of_part(
    features: Mapping[str, EventFeature], rows: EventRows, customers: int, as_of: int
) -> FeatureValues:
    numbers: dict[str, Floats] = {}
    purchases: dict[str, ItemCounts] = {}
    for days in {feature.days for feature in features.values()}:
        inside = rows
        if days is not None:
            is_inside = rows.lines.are_within(as_of, days)
            inside = rows if is_inside.all() else rows.take(is_inside)
        for name, feature in features.items():
            if feature.days != days:
                continue
            if isinstance(feature, ItemsFeature):
                counts = purchases_of(inside.lines, customers, len(rows.items))
                purchases[name] = ItemCounts(counts, rows.items)
            else:
                numbers[name] = _number(feature, inside, customers)
    return FeatureValues(numbers, purchases)


def _number(feature: EventFeature, rows: EventRows, customers: int) -> Floats:
    """A feature of the lines of its window, one float64 per customer."""
    match feature:
        case RecencyFeature():
            return aggregates.last_purchase_days(rows.lines, customers)
        case CountFeature():
            return aggregates.count_purchases(rows.lines, customers)
        case DaysBetweenFeature():
            return aggregates.days_between(rows.lines, customers)
        case DistinctCountFeature():
            return aggregates.count_distinct(rows.lines, _codes(rows, feature.column), customers)
        case SumFeature():
            return aggregates.total(rows.lines, _values(rows, feature.column), customers)
        case MeanFeature():
            return aggregates.mean(rows.lines, _values(rows, feature.column), customers)
        case ShareFeature():
            by = stored_name(feature.by, is_code=True)
            known = (rows.items if by == ITEM else rows.values[by]).tolist()
            code = known.index(feature.value) if feature.value in known else NO_SUCH_VALUE
            return aggregates.share_of_total(
                rows.lines,
                _values(rows, feature.column),
                _codes(rows, feature.by),
                code,
                customers,
            )
    raise TypeError(f"{type(feature).__name__} is no number of events")


def _codes(rows: EventRows, column: str) -> NDArray[np.integer]:
    stored = stored_name(column, is_code=True)
    return rows.lines.items if stored == ITEM else rows.codes[stored]


def _values(rows: EventRows, column: str) -> Floats:
    return rows.numbers[stored_name(column, is_code=False)]
