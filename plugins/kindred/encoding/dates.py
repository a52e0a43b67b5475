"""Encoding of dates: days before the encoder was fitted, and optional cyclic components."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.encoding.blocks import State, numbers_of, scale_for, total_variance
from kindred.encoding.number_block import NumberBlock, fit_number
from kindred.spec.features import DateFeature, DatePart, NumericFeature

# Circles have diameter 1, so that opposite months are as far apart as true and false.
_RADIUS = 0.5


@dataclass(frozen=True)
class DateBlock:
    """A date column: standardised days before ``fitted_day``, then two columns per cyclic part.

    Times are days since 1970-01-01 UTC with fractions. The reference day is fixed by the fit, so
    that vectors do not change from night to night.
    """

    fitted_day: float
    age: NumberBlock
    parts: tuple[DatePart, ...]
    scale: float = 1.0

    @property
    def width(self) -> int:
        """The age with its indicator, and the sine and cosine of each part."""
        return self.age.width + 2 * len(self.parts)

    def write(self, values: pd.Series, out: NDArray[np.floating[Any]]) -> None:
        """Fill in age and parts; a missing date gets the fitted fill value, and (0, 0) as parts."""
        days = numbers_of(values)
        self.age.write(pd.Series(self.fitted_day - days), out[:, : self.age.width])
        for number, part in enumerate(self.parts):
            start = self.age.width + 2 * number
            out[:, start : start + 2] = _circle(days, part)
        out *= self.scale

    def to_json(self) -> dict[str, Any]:
        """The fitted state as plain JSON."""
        return {
            "block": "date",
            "fitted_day": self.fitted_day,
            "age": self.age.to_json(),
            "parts": [part.value for part in self.parts],
            "scale": self.scale,
        }

    @classmethod
    def from_json(cls, state: State) -> Self:
        """The inverse of `to_json`."""
        return cls(
            float(state["fitted_day"]),
            NumberBlock.from_json(state["age"]),
            tuple(map(DatePart, state["parts"])),
            float(state["scale"]),
        )


def fit_date(column: str, feature: DateFeature, values: pd.Series, fitted_day: float) -> DateBlock:
    """Fit a date column: float64 days since 1970-01-01 UTC, NaN for missing."""
    days = numbers_of(values)
    age = fit_number(
        column, NumericFeature(weight=2.0, scale=feature.scale), pd.Series(fitted_day - days)
    )
    block = DateBlock(fitted_day, age, feature.cyclic)
    out = np.zeros((len(days), block.width), dtype=np.float32)
    block.write(values, out)
    return replace(block, scale=scale_for(feature.weight, total_variance(out)))


def _circle(days: NDArray[np.float64], part: DatePart) -> NDArray[np.float64]:
    """The position of each date on the circle of a part; (0, 0) for a missing date."""
    is_known = ~np.isnan(days)
    whole = np.floor(days[is_known]).astype(np.int64).astype("datetime64[D]")
    if part is DatePart.MONTH:
        turn = (whole.astype("datetime64[M]").astype(np.int64) % 12) / 12
    else:
        turn = (whole.astype(np.int64) % 7) / 7
    circle = np.zeros((len(days), 2))
    circle[is_known, 0] = _RADIUS * np.sin(2 * np.pi * turn)
    circle[is_known, 1] = _RADIUS * np.cos(2 * np.pi * turn)
    return circle
