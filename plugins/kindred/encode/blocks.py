"""Fitted blocks: how one column of customers becomes a few columns of the vector."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from kindred.errors import DataError
from kindred.spec import Feature, Kind, Transform

FREQUENTLY_MISSING = 0.01
"""A missing value gets an indicator column above this share of the fitted customers."""


class Block(Protocol):
    """One column's part of the vector."""

    @property
    def width(self) -> int:
        """Number of vector columns."""

    def write(self, values: pd.Series, out: np.ndarray) -> None:
        """Fill ``out``, float32 zeros of shape (rows, width)."""

    def to_json(self) -> dict[str, Any]:
        """The fitted state as plain JSON."""


@dataclass(frozen=True)
class NumberBlock:
    """A numeric or boolean column: (value - center) / spread * scale, and perhaps an indicator."""

    transform: Transform
    fill: float
    center: float
    spread: float
    scale: float
    has_indicator: bool

    @property
    def width(self) -> int:
        """One column, and one more where missing values are frequent."""
        return 2 if self.has_indicator else 1

    def write(self, values: pd.Series, out: np.ndarray) -> None:
        """Fill the standardised values; missing ones get the fitted fill value."""
        numbers = _numbers(values)
        is_missing = np.isnan(numbers)
        numbers = _transformed(numbers, self.transform)
        numbers[is_missing] = self.fill
        # A value too large for float32 becomes inf here; the encoder reports it with its column.
        with np.errstate(over="ignore", invalid="ignore"):
            out[:, 0] = (numbers - self.center) / self.spread * self.scale
        if self.has_indicator:
            out[:, 1] = is_missing * self.scale

    def to_json(self) -> dict[str, Any]:
        """The fitted state as plain JSON."""
        return {
            "block": "number",
            "transform": self.transform.value,
            "fill": self.fill,
            "center": self.center,
            "spread": self.spread,
            "scale": self.scale,
            "has_indicator": self.has_indicator,
        }


@dataclass(frozen=True)
class CategoryBlock:
    """A categorical column: one slot for each frequent category, the last for all other values."""

    categories: tuple[str, ...]
    scale: float

    @property
    def width(self) -> int:
        """The frequent categories and one slot for infrequent, unseen and missing values."""
        return len(self.categories) + 1

    def write(self, values: pd.Series, out: np.ndarray) -> None:
        """Set each row's slot to the block's scale."""
        slots = pd.Index(self.categories, dtype=object).get_indexer(
            pd.Index(values.to_numpy(dtype=object), dtype=object)
        )
        slots[slots < 0] = len(self.categories)
        out[np.arange(len(slots)), slots] = self.scale

    def to_json(self) -> dict[str, Any]:
        """The fitted state as plain JSON."""
        return {"block": "category", "categories": list(self.categories), "scale": self.scale}


def block_from_json(state: Mapping[str, Any]) -> Block:
    """The block a ``to_json`` was made from."""
    if state["block"] == "category":
        return CategoryBlock(tuple(state["categories"]), float(state["scale"]))
    return NumberBlock(
        transform=Transform(state["transform"]),
        fill=float(state["fill"]),
        center=float(state["center"]),
        spread=float(state["spread"]),
        scale=float(state["scale"]),
        has_indicator=bool(state["has_indicator"]),
    )


def fit_block(column: str, feature: Feature, values: pd.Series) -> Block:
    """Fit one column's block.

    Parameters
    ----------
    column : str
        Name for error messages.
    feature : Feature
        The column's entry in the spec.
    values : Series, shape (rows,)
        float64 with NaN for missing, or objects of str with None or NaN for missing.

    Returns
    -------
    Block
        Scaled so that the expected squared Euclidean distance of two random fitted customers
        within the block, which is twice the sum of its columns' variances, is the feature's weight.
        A block without variance has scale 0 and so only zeros.

    Raises
    ------
    DataError
        A numeric column holds infinite values or overflows float64.
    """
    if feature.kind is Kind.CATEGORICAL:
        return _fit_category(feature, values)
    numbers = _numbers(values)
    is_missing = np.isnan(numbers)
    # Sorted, so that sums in float64 do not depend on the order of the rows.
    present = np.sort(_transformed(numbers[~is_missing], feature.transform))
    fill, center, spread = _location(feature.kind, present, int(is_missing.sum()))
    if not np.isfinite([fill, center, spread]).all():
        raise DataError(
            f"column {column!r}: its values cannot be standardised: found values between"
            f" {present[0]!r} and {present[-1]!r}, allowed are finite numbers of moderate size;"
            " correct the source, exclude such rows by 'where', or use 'transform: log1p'"
        )
    missing_share = float(is_missing.mean())
    has_indicator = missing_share > FREQUENTLY_MISSING
    variance = 0.0
    if present.size and present[0] != present[-1]:
        variance = _imputed_variance(present, int(is_missing.sum()), fill) / spread**2
    if has_indicator:
        variance += missing_share * (1.0 - missing_share)
    return NumberBlock(
        feature.transform, fill, center, spread, _scale(feature.weight, variance), has_indicator
    )


def _location(kind: Kind, present: np.ndarray, missing: int) -> tuple[float, float, float]:
    """Fill value, center and spread of a column; a constant has spread 1."""
    if present.size == 0:
        return 0.0, 0.0, 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        if kind is Kind.BOOLEAN:
            return float(present.mean()), 0.0, 1.0
        fill = float(np.median(present))
        if present[0] == present[-1]:
            return fill, fill, 1.0
        center = float((present.sum() + missing * fill) / (present.size + missing))
        spread = float(np.sqrt(_imputed_variance(present, missing, fill)))
    return fill, center, spread or 1.0


def _imputed_variance(present: np.ndarray, missing: int, fill: float) -> float:
    rows = present.size + missing
    center = (present.sum() + missing * fill) / rows
    return float((((present - center) ** 2).sum() + missing * (fill - center) ** 2) / rows)


def _fit_category(feature: Feature, values: pd.Series) -> CategoryBlock:
    counts = pd.Series(values.to_numpy(dtype=object), dtype=object).value_counts(dropna=True)
    frequent = [
        (-int(count), str(name)) for name, count in counts.items() if count >= feature.min_frequency
    ]
    kept = sorted(frequent)[: feature.max_categories]
    shares = np.array([-count for count, _ in kept], dtype=np.float64) / len(values)
    shares = np.append(shares, (len(values) + sum(count for count, _ in kept)) / len(values))
    variance = float((shares * (1.0 - shares)).sum())
    return CategoryBlock(tuple(name for _, name in kept), _scale(feature.weight, variance))


def _scale(weight: float, variance: float) -> float:
    """The factor that makes twice the block's variance equal its weight."""
    return float(np.sqrt(weight / (2.0 * variance))) if variance > 0.0 else 0.0


def _numbers(values: pd.Series) -> np.ndarray:
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def _transformed(numbers: np.ndarray, transform: Transform) -> np.ndarray:
    if transform is Transform.LOG1P:
        return np.asarray(np.sign(numbers) * np.log1p(np.abs(numbers)), dtype=np.float64)
    return numbers.copy()
