"""One-hot encoding of categories: a slot for each frequent one, and one slot for all others."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.encoding.blocks import FREQUENTLY_MISSING, State, scale_for, strings_of
from kindred.spec.features import CategoricalFeature


@dataclass(frozen=True)
class CategoryBlock:
    """A one-hot block: slots for frequent categories, all others, and maybe missing values."""

    categories: tuple[str, ...]
    has_missing_slot: bool
    scale: float

    @property
    def width(self) -> int:
        """Frequent categories, one slot for all others, and one for frequently missing values."""
        return len(self.categories) + 1 + self.has_missing_slot

    def write(self, values: pd.Series, out: NDArray[np.floating[Any]]) -> None:
        """Set each row's slot to the block's scale."""
        slots = slots_of(values, self.categories)
        slots[slots < 0] = len(self.categories) + self.has_missing_slot
        out[np.arange(len(slots)), slots] = self.scale

    def to_json(self) -> dict[str, Any]:
        """The fitted state as plain JSON."""
        return {
            "block": "category",
            "categories": list(self.categories),
            "has_missing_slot": self.has_missing_slot,
            "scale": self.scale,
        }

    @classmethod
    def from_json(cls, state: State) -> Self:
        """The inverse of `to_json`."""
        return cls(
            tuple(state["categories"]), bool(state["has_missing_slot"]), float(state["scale"])
        )


def slots_of(values: pd.Series, categories: tuple[str, ...]) -> NDArray[np.intp]:
    """The slot of every row's category; ``len(categories)`` for others, -1 for missing values."""
    codes, found = pd.factorize(strings_of(values), use_na_sentinel=True)
    # One lookup per distinct value; code -1 takes the last entry.
    slots = pd.Index(categories, dtype=object).get_indexer(pd.Index(found, dtype=object))
    slots = np.append(np.where(slots < 0, len(categories), slots), -1)
    return np.asarray(slots[codes], dtype=np.intp)


def fit_category(feature: CategoricalFeature, values: pd.Series) -> CategoryBlock:
    """Fit a categorical column: objects of str, None or NaN for missing.

    Categories with fewer than ``min_frequency`` customers get no slot. The order is by falling
    number of customers, then by name.
    """
    strings = pd.Series(strings_of(values), dtype=object)
    counts = strings.value_counts(dropna=True)
    frequent = [
        (-int(count), str(name)) for name, count in counts.items() if count >= feature.min_frequency
    ]
    kept = sorted(frequent)[: feature.max_categories]
    rows, missing = len(strings), int(strings.isna().sum())
    has_missing_slot = missing > FREQUENTLY_MISSING * rows
    others = rows + sum(count for count, _ in kept)
    slots = [-count for count, _ in kept]
    slots += [others - missing, missing] if has_missing_slot else [others]
    shares = np.array(slots, dtype=np.float64) / rows
    variance = float((shares * (1.0 - shares)).sum())
    names = tuple(name for _, name in kept)
    return CategoryBlock(names, has_missing_slot, scale_for(feature.weight, variance))
