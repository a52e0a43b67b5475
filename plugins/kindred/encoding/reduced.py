"""Blocks of reduced values: components that are centred and scaled, whatever they were made of."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from kindred.encoding.blocks import (
    FREQUENTLY_MISSING,
    State,
    centroid_of,
    floats,
    scale_for,
    total_variance,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reduced:
    """Centred and scaled components, and maybe a missing indicator.

    ``centroid`` (components,) is the mean of the fitted values; ``spread`` makes the total variance
    of all components 1.
    """

    centroid: tuple[float, ...]
    spread: float
    has_indicator: bool
    scale: float

    @property
    def width(self) -> int:
        """The components, and one column if missing values are frequent."""
        return len(self.centroid) + self.has_indicator

    def write(
        self, components: Floats, is_missing: NDArray[np.bool_], out: NDArray[np.floating[Any]]
    ) -> None:
        """Fill in the columns; ``components`` has only the rows whose value is not missing."""
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
class ReducedBlock:
    """The common base of such blocks, which differ in how values become components."""

    reduced: Reduced

    @property
    def width(self) -> int:
        """Columns of the vector."""
        return self.reduced.width

    @property
    def scale(self) -> float:
        """The factor that makes the block's expected squared distance its weight."""
        return self.reduced.scale


def fit_reduced(weight: float, projected: Floats, missing_share: float) -> Reduced:
    """Fit centroid, spread and scale of components, shape (values, c)."""
    centroid = centroid_of(np.sort(projected, axis=0))
    variance = total_variance(projected) * (1.0 - missing_share)
    has_indicator = missing_share > FREQUENTLY_MISSING
    reduced = Reduced(tuple(floats(centroid)), 1.0, has_indicator, 1.0)
    total = missing_share * (1.0 - missing_share) if has_indicator else 0.0
    if variance > 0.0:
        reduced = replace(reduced, spread=float(np.sqrt(variance)))
        total += 1.0
    return replace(reduced, scale=scale_for(weight, total))
