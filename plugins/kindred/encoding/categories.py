"""Categories: a slot for each frequent one, and one slot for all others."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.encoding.blocks import FREQUENTLY_MISSING, State, scale_for, state_of, strings_of
from kindred.spec.features import CategoricalFeature


@dataclass(frozen=True)
class CategoryBlock:
    """A categorical column, one-hot: the frequent categories, all others, perhaps the missing."""

    categories: tuple[str, ...]
    has_missing_slot: bool
    scale: float

    @property
    def width(self) -> int:
        """The frequent categories, one slot for the others, one for frequently missing values."""
        return len(self.categories) + 1 + self.has_missing_slot

    def write(self, values: pd.Series, out: NDArray[np.floating[Any]]) -> None:
        """Set each row's slot to the block's scale."""
        slots = slots_of(values, self.categories)
        if self.has_missing_slot:
            slots = np.where(slots < 0, len(self.categories) + 1, slots)
        else:
            slots = np.where(slots < 0, len(self.categories), slots)
        out[np.arange(len(slots)), slots] = self.scale

    def to_json(self) -> dict[str, Any]:
        """The fitted state as plain JSON."""
        return state_of(
            "category",
            categories=list(self.categories),
            has_missing_slot=self.has_missing_slot,
            scale=self.scale,
        )

    @classmethod
    def from_json(cls, state: State) -> Self:
        """The block a ``to_json`` was made from."""
        return cls(
            tuple(state["categories"]), bool(state["has_missing_slot"]), float(state["scale"])
        )


def slots_of(values: pd.Series, categories: tuple[str, ...]) -> NDArray[np.intp]:
    """The slot of every row: its category's, ``len(categories)`` for others, -1 where missing."""
    codes, found = pd.factorize(strings_of(values), use_na_sentinel=True)
    # One look-up a distinct value; the last entry is what code -1 takes.
    slots = pd.Index(categories, dtype=object).get_indexer(pd.Index(found, dtype=object))
    slots = np.append(np.where(slots < 0, len(categories), slots), -1)
    return np.asarray(slots[codes], dtype=np.intp)


def fit_category(feature: CategoricalFeature, values: pd.Series) -> CategoryBlock:
    """Fit a categorical column: objects of str, None or NaN for missing.

    Categories of fewer than ``min_frequency`` customers are not kept, by number then by name.
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
