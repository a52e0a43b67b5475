"""What the customers of a date have done: the values of their event features, by key."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.events.feature_values import FeatureValues
from kindred.events.lines import NOBODY, Floats, Unknown
from kindred.events.ownership import ItemCounts
from kindred.spec.features import EventFeature
from kindred.warehouse.copy_writer import Array


@dataclass(frozen=True, eq=False)
class Behaviour:
    """The event features of n customers, and of somebody without events.

    ``customers`` (n,): ascending keys (see ``KeyType``). ``values``: of n + 1 customers, the last
    of whom has no event; so is everybody who is not among the n. ``unknown``: events of nobody.
    """

    customers: Array
    values: FeatureValues
    unknown: Unknown = NOBODY

    def rows(self, keys: Array) -> NDArray[np.intp]:
        """The rows of some customers in ``values``."""
        last = len(self.customers)
        rows = np.searchsorted(self.customers, keys)
        if not last:
            return rows
        is_known = self.customers[np.minimum(rows, last - 1)] == keys
        return np.where(is_known, rows, last)

    def columns(self, keys: Array) -> dict[str, Floats]:
        """Each feature as one number per customer: of a feature of kind ``items``, how many.

        NaN where missing; nobody has 0 items.
        """
        rows = self.rows(keys)
        found = {name: values[rows] for name, values in self.values.numbers.items()}
        for name, purchases in self.values.purchases.items():
            items = np.diff(purchases.counts.indptr)[rows].astype(np.float64)
            found[name] = np.where(items > 0, items, np.nan)
        return found

    def purchases(self, keys: Array) -> dict[str, ItemCounts]:
        """The purchases of some customers, in their order."""
        rows = self.rows(keys)
        return {name: found.take(rows) for name, found in self.values.purchases.items()}

    def joined(self, keys: Array, frame: pd.DataFrame) -> pd.DataFrame:
        """A frame of these customers with one column more per feature."""
        return frame.assign(**self.columns(keys))


def merged(parts: list[FeatureValues]) -> FeatureValues:
    """The features of several tables of events, of the same customers."""
    nothing = FeatureValues({}, {})
    return reduce(
        lambda a, b: FeatureValues(a.numbers | b.numbers, a.purchases | b.purchases), parts, nothing
    )


def by_table(features: Mapping[str, EventFeature]) -> dict[str, dict[str, EventFeature]]:
    """The features of each table of events."""
    names = dict.fromkeys(feature.of for feature in features.values())
    return {
        of: {name: feature for name, feature in features.items() if feature.of == of}
        for of in names
    }


def days_read(features: Mapping[str, EventFeature]) -> float | None:
    """How many days the features look back; None if one of them has no limit."""
    days = [feature.days for feature in features.values()]
    known = [each for each in days if each is not None]
    return max(known) if len(known) == len(days) else None
