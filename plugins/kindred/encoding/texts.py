"""Shared parts of the text blocks: the sample they are fitted on, and their reduced components."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.encoding.blocks import (
    FREQUENTLY_MISSING,
    State,
    centroid_of,
    floats,
    known_of,
    scale_for,
    strings_of,
    total_variance,
)

FIT_TEXTS = 50_000
"""The most texts that a block is fitted on."""

Floats = NDArray[np.float64]
Strings = NDArray[np.object_]


@dataclass(frozen=True)
class Reduced:
    """Centred and scaled components of a text, and maybe a missing indicator.

    ``centroid`` (components,) is the mean of the fitted texts; ``spread`` makes the total variance
    of all components 1.
    """

    centroid: tuple[float, ...]
    spread: float
    has_indicator: bool
    scale: float

    @property
    def width(self) -> int:
        """The components, and one column if missing texts are frequent."""
        return len(self.centroid) + self.has_indicator

    def write(
        self, components: Floats, is_missing: NDArray[np.bool_], out: NDArray[np.floating[Any]]
    ) -> None:
        """Fill in the columns; ``components`` has only the rows whose text is not missing."""
        count = len(self.centroid)
        centred = (components - np.asarray(self.centroid)) / self.spread * self.scale
        out[np.flatnonzero(~is_missing), :count] = centred
        if self.has_indicator:
            out[:, count] = is_missing * self.scale

    def to_json(self) -> dict[str, Any]:
        """The fitted state as plain JSON."""
        return {
            "center": list(self.centroid),
            "spread": self.spread,
            "has_indicator": self.has_indicator,
            "scale": self.scale,
        }

    @classmethod
    def from_json(cls, state: State) -> Self:
        """The inverse of `to_json`."""
        centroid = tuple(map(float, state["center"]))
        return cls(
            centroid, float(state["spread"]), bool(state["has_indicator"]), float(state["scale"])
        )


@dataclass(frozen=True)
class TextBlock:
    """The common base of text blocks, which differ in how texts become components."""

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
    """The texts a block is fitted on, and the share of customers without a text.

    At most ``FIT_TEXTS`` texts, evenly spaced in sorted order, so that the fit does not depend on
    the order of the rows.
    """
    strings = strings_of(values)
    known = np.sort(strings[known_of(strings)])
    missing_share = 1.0 - len(known) / len(strings)
    if len(known) > FIT_TEXTS:
        known = known[np.linspace(0, len(known) - 1, FIT_TEXTS).astype(np.int64)]
    return known, missing_share


def fit_reduced(weight: float, projected: Floats, missing_share: float) -> Reduced:
    """Fit centroid, spread and scale of the components of texts, shape (texts, c)."""
    centroid = centroid_of(np.sort(projected, axis=0))
    variance = total_variance(projected) * (1.0 - missing_share)
    has_indicator = missing_share > FREQUENTLY_MISSING
    reduced = Reduced(tuple(floats(centroid)), 1.0, has_indicator, 1.0)
    total = missing_share * (1.0 - missing_share) if has_indicator else 0.0
    if variance > 0.0:
        reduced = replace(reduced, spread=float(np.sqrt(variance)))
        total += 1.0
    return replace(reduced, scale=scale_for(weight, total))
