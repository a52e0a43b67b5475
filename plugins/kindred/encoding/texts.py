"""What all texts share: which of them are fitted, and how they end as columns."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.encoding.blocks import (
    FREQUENTLY_MISSING,
    State,
    center_of,
    floats,
    known_of,
    scale_for,
    strings_of,
    total_variance,
)

FIT_TEXTS = 50_000
"""Customers whose texts a block is fitted on, where there are more."""
SEED = 20_180_401

Floats = NDArray[np.float64]
Strings = NDArray[np.object_]


@dataclass(frozen=True)
class Reduced:
    """What both kinds of text end in: components without their center, perhaps an indicator.

    ``center``: (components,); ``spread`` makes the variance of all components together 1.
    """

    center: tuple[float, ...]
    spread: float
    has_indicator: bool
    scale: float

    @property
    def width(self) -> int:
        """The components, and one column where missing texts are frequent."""
        return len(self.center) + self.has_indicator

    def write(
        self, components: Floats, is_missing: NDArray[np.bool_], out: NDArray[np.floating[Any]]
    ) -> None:
        """Fill the columns; ``components`` has the rows whose text is known."""
        count = len(self.center)
        centred = (components - np.asarray(self.center)) / self.spread * self.scale
        out[np.flatnonzero(~is_missing), :count] = centred
        if self.has_indicator:
            out[:, count] = is_missing * self.scale

    def to_json(self) -> dict[str, Any]:
        """The fitted state as plain JSON."""
        return {
            "center": list(self.center),
            "spread": self.spread,
            "has_indicator": self.has_indicator,
            "scale": self.scale,
        }

    @classmethod
    def from_json(cls, state: State) -> Self:
        """What a ``to_json`` was made from."""
        center = tuple(map(float, state["center"]))
        return cls(
            center, float(state["spread"]), bool(state["has_indicator"]), float(state["scale"])
        )


@dataclass(frozen=True)
class TextBlock:
    """A text column's block: what it ends in; how texts come there differs."""

    reduced: Reduced

    @property
    def width(self) -> int:
        """Columns of the vector."""
        return self.reduced.width

    @property
    def scale(self) -> float:
        """The factor that makes the block's expected squared distance its weight."""
        return self.reduced.scale


def fitted_texts(values: pd.Series) -> tuple[Strings, float]:
    """The texts a block is fitted on, and the share of customers without one.

    At most ``FIT_TEXTS`` texts, evenly out of all in the order of the texts themselves, so that the
    fit does not depend on the order of the rows.
    """
    strings = strings_of(values)
    known = np.sort(strings[known_of(strings)])
    missing_share = 1.0 - len(known) / len(strings)
    if len(known) > FIT_TEXTS:
        known = known[np.linspace(0, len(known) - 1, FIT_TEXTS).astype(np.int64)]
    return known, missing_share


def fit_reduced(weight: float, projected: Floats, missing_share: float) -> Reduced:
    """Center, spread and scale of the components of the fitted texts, shape (texts, c)."""
    center = center_of(np.sort(projected, axis=0))
    variance = total_variance(projected) * (1.0 - missing_share)
    has_indicator = missing_share > FREQUENTLY_MISSING
    reduced = Reduced(tuple(floats(center)), 1.0, has_indicator, 1.0)
    total = missing_share * (1.0 - missing_share) if has_indicator else 0.0
    if variance > 0.0:
        reduced = replace(reduced, spread=float(np.sqrt(variance)))
        total += 1.0
    return replace(reduced, scale=scale_for(weight, total))
