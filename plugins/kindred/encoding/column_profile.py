"""Profile of a snapshot's columns: histograms, ranges and drift, counted during encoding."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.encoding.blocks import numbers_of
from kindred.encoding.drift import BaselineHistogram, lengths_of, measured, stability_index
from kindred.spec.features import Feature, Kind

INDEX_DECIMALS = 6
"""To which recorded stability indices are rounded."""


@dataclass
class ColumnProfile:
    """One column: customers by bin of the encoder's baseline, and the range of its values.

    ``minimum`` and ``maximum`` are in the unit of numbers, in days since 1970-01-01 for dates, and
    in characters for texts. They are None for other kinds, for columns without values, and if
    ``is_private``. ``day`` is that of the customers, in days since 1970-01-01 (see `measured`).
    """

    kind: Kind
    baseline: BaselineHistogram
    counts: NDArray[np.int64]
    is_private: bool = False
    minimum: float | None = None
    maximum: float | None = None
    day: float = 0.0

    def add(self, values: pd.Series) -> None:
        """Count a block of customers."""
        self.counts = self.counts + self.baseline.count(measured(self.kind, values, self.day))
        if self.is_private or self.kind in (Kind.CATEGORICAL, Kind.BOOLEAN):
            return
        numbers = numbers_of(lengths_of(values) if self.kind is Kind.TEXT else values)
        if not np.isnan(numbers).all():
            low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))
            self.minimum = low if self.minimum is None else min(self.minimum, low)
            self.maximum = high if self.maximum is None else max(self.maximum, high)

    @property
    def stability_index(self) -> float:
        """Population stability index relative to the fitted customers."""
        return stability_index(self.baseline.counts, self.counts.tolist())

    def restore(self, content: Mapping[str, Any]) -> None:
        """Take over what `to_json` gave of the same column and reference."""
        self.counts = np.array(content["counts"], dtype=np.int64)
        self.minimum, self.maximum = content["minimum"], content["maximum"]

    def to_json(self) -> dict[str, Any]:
        """The profile as plain JSON, without its baseline."""
        # Customers whose category has no slot: it was infrequent or absent when fitted.
        unlisted = int(self.counts[-2]) if self.kind is Kind.CATEGORICAL else None
        return {
            "kind": self.kind.value,
            "customers": int(self.counts.sum()),
            "missing": int(self.counts[-1]),
            "unlisted": unlisted,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "counts": self.counts.tolist(),
            "stability_index": round(self.stability_index, INDEX_DECIMALS),
        }


@dataclass
class Profile:
    """The profiles of all columns of an encoder."""

    columns: dict[str, ColumnProfile]

    @classmethod
    def empty(
        cls,
        features: Mapping[str, Feature],
        baselines: Mapping[str, BaselineHistogram],
        private: tuple[str, ...] = (),
        day: float = 0.0,
    ) -> Self:
        """A profile of no customers, who will be those of a ``day`` since 1970-01-01."""
        return cls(
            {
                column: ColumnProfile(
                    feature.kind,
                    baselines[column],
                    np.zeros(len(baselines[column].counts), dtype=np.int64),
                    is_private=column in private,
                    day=day,
                )
                for column, feature in features.items()
            }
        )

    def add(self, frame: pd.DataFrame) -> None:
        """Count a block of customers; ``frame`` has the columns of `fit_encoder`."""
        for column, profile in self.columns.items():
            profile.add(frame[column])

    def to_json(self) -> dict[str, dict[str, Any]]:
        """The profiles by column."""
        return {column: profile.to_json() for column, profile in self.columns.items()}

    def restore(self, content: Mapping[str, Mapping[str, Any]]) -> None:
        """Take over what `to_json` gave of customers in the bins of the same encoder."""
        for column, profile in self.columns.items():
            profile.restore(content[column])

    def drifted(self, limit: float) -> dict[str, float]:
        """Columns whose stability index exceeds a limit."""
        indices = {column: profile.stability_index for column, profile in self.columns.items()}
        return {column: index for column, index in indices.items() if index > limit}
