"""Encoding of numbers and booleans: optional transform, standardised, with a missing indicator."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.encoding.blocks import (
    FREQUENTLY_MISSING,
    State,
    floats,
    numbers_of,
    scale_for,
    total_variance,
)
from kindred.errors import CustomerValueError
from kindred.spec.features import (
    BooleanFeature,
    EventNumber,
    NumericFeature,
    Scale,
    Transform,
)

QUANTILES = 1001
"""Quantiles stored by the quantile transform: a thousandth of the customers between neighbours."""

ORDINARY = 20.0
"""Median distances from the median within which values are ordinary: 13 standard deviations of
normal values, so that none of them is pulled in."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NumberBlock:
    """A numeric or boolean column: (value - center) / spread * scale, and maybe an indicator.

    ``clip`` limits the standardised value, in standard deviations. ``quantiles`` are the ascending
    quantiles of the fitted customers if the transform is ``quantile``.
    """

    transform: Transform
    clip: float | None
    fill: float
    center: float
    spread: float
    has_indicator: bool
    quantiles: tuple[float, ...] = ()
    scale: float = 1.0

    @property
    def width(self) -> int:
        """One column, and one more if missing values are frequent."""
        return 2 if self.has_indicator else 1

    def write(self, values: pd.Series, out: NDArray[np.floating[Any]]) -> None:
        """Fill in the standardised values; missing ones get the fitted fill value."""
        numbers = numbers_of(values)
        is_missing = np.isnan(numbers)
        standardised = self._standardised(self.transformed(numbers))
        standardised[is_missing] = self._standardised(np.array([self.fill]))[0]
        # A value too large for float32 becomes inf here; the encoder reports it with its column.
        with np.errstate(over="ignore", invalid="ignore"):
            out[:, 0] = standardised * self.scale
        if self.has_indicator:
            out[:, 1] = is_missing * self.scale

    def transformed(self, numbers: Floats) -> Floats:
        """Apply the transform; NaN where missing."""
        return _transformed(numbers, self.transform, self.quantiles)

    def clipped(self, numbers: Floats) -> int:
        """How many numbers are farther from the center than a vector shows."""
        if self.clip is None:
            return 0
        return int((np.abs(self._unlimited(self.transformed(numbers))) > self.clip).sum())

    def _unlimited(self, numbers: Floats) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray((numbers - self.center) / self.spread)

    def _standardised(self, numbers: Floats) -> Floats:
        standardised = self._unlimited(numbers)
        if self.clip is not None:
            np.clip(standardised, -self.clip, self.clip, out=standardised)
        return standardised

    def to_json(self) -> dict[str, Any]:
        """The fitted state as plain JSON."""
        return {
            "block": "number",
            "transform": self.transform.value,
            "clip": self.clip,
            "fill": self.fill,
            "center": self.center,
            "spread": self.spread,
            "scale": self.scale,
            "has_indicator": self.has_indicator,
            "landmarks": list(self.quantiles),
        }

    @classmethod
    def from_json(cls, state: State) -> Self:
        """The inverse of `to_json`."""
        return cls(
            transform=Transform(state["transform"]),
            clip=None if state["clip"] is None else float(state["clip"]),
            fill=float(state["fill"]),
            center=float(state["center"]),
            spread=float(state["spread"]),
            has_indicator=bool(state["has_indicator"]),
            quantiles=tuple(map(float, state["landmarks"])),
            scale=float(state["scale"]),
        )


def fit_number(
    column: str, feature: NumericFeature | EventNumber, values: pd.Series
) -> NumberBlock:
    """Fit a numeric column, or a number of events: float64 with NaN for missing.

    Raises
    ------
    DataError
        Its values are infinite or overflow float64.
    """
    numbers = numbers_of(values)
    present = np.sort(numbers[~np.isnan(numbers)])
    quantiles: tuple[float, ...] = ()
    if feature.transform is Transform.QUANTILE and present.size:
        quantiles = tuple(floats(np.quantile(present, np.linspace(0.0, 1.0, QUANTILES))))
    transformed = _transformed(present, feature.transform, quantiles)
    missing = numbers.size - present.size
    limit = None
    if feature.scale is Scale.WINSORISED and present.size:
        middle, limit = limits_of(transformed)
        transformed = np.clip(transformed, middle - limit, middle + limit)
    fill, center, spread = _location(transformed, missing)
    if not np.isfinite([fill, center, spread]).all():
        raise CustomerValueError(
            f"column {column!r}: its values cannot be standardised: found values between"
            f" {present[0]!r} and {present[-1]!r}, allowed are finite numbers of moderate size;"
            " correct the source, exclude such rows by 'where', or use 'transform: log1p'"
        )
    clips = [feature.clip] if feature.clip else []
    if limit:
        clips.append((limit + abs(float(middle) - center)) / spread)
    block = NumberBlock(
        feature.transform,
        min(clips, default=None),
        fill,
        center,
        spread,
        has_indicator=missing > FREQUENTLY_MISSING * numbers.size,
        quantiles=quantiles,
    )
    return _scaled(block, feature.weight, present, missing)


def limits_of(numbers: Floats) -> tuple[float, float]:
    """The median, and the distance from it to which values farther away are pulled.

    Values within a multiple of the median distance are ordinary, and so are 19 of 20: a group of
    customers is no outlier. For the multiple, values equal to the median do not count, since they
    are the most in many columns of counts. The others are pulled to the farthest ordinary one.
    """
    middle = float(np.median(numbers))
    with np.errstate(over="ignore"):
        distances = np.abs(numbers - middle)
    if not distances.any():
        return middle, 0.0
    typical = float(np.quantile(distances[distances > 0], 0.5, method="lower"))
    fence = max(ORDINARY * typical, float(np.quantile(distances, 0.95, method="lower")))
    is_ordinary = distances <= fence
    limit = fence if is_ordinary.all() else distances[is_ordinary].max()
    # Rounded up to two digits, so that an encoder holds no customer's value exactly.
    return middle, float(f"{limit * 1.05:.1e}")


def fit_boolean(feature: BooleanFeature, values: pd.Series) -> NumberBlock:
    """Fit a boolean column: 0.0, 1.0 or NaN; a missing value gets the mean."""
    numbers = numbers_of(values)
    present = np.sort(numbers[~np.isnan(numbers)])
    missing = numbers.size - present.size
    fill = float(present.mean()) if present.size else 0.0
    has_indicator = missing > FREQUENTLY_MISSING * numbers.size
    block = NumberBlock(Transform.NONE, None, fill, 0.0, 1.0, has_indicator)
    return _scaled(block, feature.weight, present, missing)


def _scaled(block: NumberBlock, weight: float, present: Floats, missing: int) -> NumberBlock:
    """The block scaled to its weight on the fitted customers; a constant gets scale 0."""
    fitted = np.zeros((present.size + missing, block.width), dtype=np.float64)
    block.write(pd.Series(np.append(present, np.full(missing, np.nan))), fitted)
    return replace(block, scale=scale_for(weight, total_variance(fitted)))


def _location(present: Floats, missing: int) -> tuple[float, float, float]:
    """Fill value, center and spread of sorted values; a constant has spread 1."""
    if present.size == 0:
        return 0.0, 0.0, 1.0
    fill = float(np.median(present))
    if present[0] == present[-1]:
        return fill, fill, 1.0
    rows = present.size + missing
    with np.errstate(over="ignore", invalid="ignore"):
        center = float((present.sum() + missing * fill) / rows)
        squares = np.square(present - center).sum() + missing * np.square(fill - center)
        spread = float(np.sqrt(squares / rows))
    return fill, center, spread or 1.0


def _transformed(numbers: Floats, transform: Transform, quantiles: tuple[float, ...]) -> Floats:
    """Transform numbers; ``quantile`` returns the share of customers below each."""
    if transform is Transform.LOG1P:
        return np.asarray(np.sign(numbers) * np.log1p(np.abs(numbers)), dtype=np.float64)
    if transform is Transform.QUANTILE and quantiles:
        known = np.asarray(quantiles)
        ranks = np.linspace(0.0, 1.0, len(known))
        # Average of the ranks from below and from above: the midrank of a value that many share.
        below = np.interp(numbers, known, ranks)
        above = 1.0 - np.interp(-numbers, -known[::-1], ranks)
        return np.asarray((below + above) / 2.0)
    return numbers.copy()
