"""The encoder: fitted once on a frame of customers, then deterministic."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.encoding.blocks import Block, strings_of
from kindred.encoding.drift import BaselineHistogram, baseline_from_json, fit_baseline
from kindred.encoding.fitting import Embed, block_from_json, embedded, fit_block
from kindred.encoding.items_block import ItemsBlock
from kindred.encoding.sentences import SentenceBlock
from kindred.errors import CustomerValueError, DataError
from kindred.events.ownership import ItemCounts
from kindred.spec.features import Feature, ItemsFeature


@dataclass(frozen=True)
class FittedEncoder:
    """Fitted blocks by column; ``column_blocks`` has each column's [start, stop) slice.

    ``baselines`` are the histograms of the fitted customers, from which drift is measured.
    """

    dimensions: int
    column_blocks: dict[str, tuple[int, int]]
    blocks: dict[str, Block]
    baselines: dict[str, BaselineHistogram] = field(default_factory=dict)

    @property
    def constant_columns(self) -> tuple[str, ...]:
        """Columns in which all fitted customers are equal, so that they have no weight."""
        return tuple(column for column, block in self.blocks.items() if block.scale == 0.0)

    def to_json(self) -> dict[str, Any]:
        """The fitted state as plain JSON: numbers, strings, lists and objects."""
        # A list, because JSON objects (and jsonb) do not keep the order of the columns.
        return {
            "columns": [
                {
                    "column": column,
                    **block.to_json(),
                    "reference": self.baselines[column].to_json(),
                }
                for column, block in self.blocks.items()
            ]
        }

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`; the encoder's output is equal, bit for bit."""
        columns = state["columns"]
        return cls.from_blocks(
            {entry["column"]: block_from_json(entry) for entry in columns},
            {entry["column"]: baseline_from_json(entry["reference"]) for entry in columns},
        )

    @classmethod
    def from_blocks(cls, blocks: dict[str, Block], baselines: dict[str, BaselineHistogram]) -> Self:
        """Combine blocks, side by side."""
        column_blocks: dict[str, tuple[int, int]] = {}
        start = 0
        for column, block in blocks.items():
            column_blocks[column] = (start, start + block.width)
            start += block.width
        return cls(start, column_blocks, blocks, baselines)

    def transform(
        self,
        frame: pd.DataFrame,
        embed: Embed | None = None,
        purchases: Mapping[str, ItemCounts] | None = None,
    ) -> NDArray[np.float32]:
        """Encode customers.

        Parameters
        ----------
        frame : DataFrame, shape (rows, columns)
            One column per feature, as in `fit_encoder`; rows in customer order.
        embed : callable, optional
            Sentence embeddings of texts, as in `fit_encoder`.
        purchases : mapping of str to ItemCounts, optional
            Those of features of kind ``items``, as in `fit_encoder`.

        Returns
        -------
        ndarray of float32, shape (rows, dimensions)
            C-contiguous and finite. Each row depends on its own customer only.

        Raises
        ------
        DataError
            A column is missing, or has a value that does not fit into float32.
        """
        _require_columns(self.blocks, frame)
        vectors = np.zeros((len(frame), self.dimensions), dtype=np.float32)
        for column, block in self.blocks.items():
            start, stop = self.column_blocks[column]
            part = vectors[:, start:stop]
            values = _values(column, block, frame, purchases)
            if isinstance(block, SentenceBlock):
                model, values = embedded(column, strings_of(values), embed)
                _require_model(column, block.model, model)
            block.write(values, part)
            if not np.isfinite(part).all():
                row = int(np.flatnonzero(~np.isfinite(part).all(axis=1))[0])
                raise CustomerValueError(
                    f"column {column!r}: value {frame[column].iloc[row]!r} in row {row} cannot be"
                    " encoded as a finite float32; correct it in the source, exclude such rows by"
                    " 'where', or use 'transform: log1p'"
                )
        return vectors


def fit_encoder(
    features: Mapping[str, Feature],
    frame: pd.DataFrame,
    *,
    fitted_day: float = 0.0,
    embed: Embed | None = None,
    purchases: Mapping[str, ItemCounts] | None = None,
) -> FittedEncoder:
    """Fit one block per feature, in the order of the spec.

    Parameters
    ----------
    features : mapping of str to Feature
        The spec's features.
    frame : DataFrame, shape (rows, columns)
        One column per feature. Numeric: float64, NaN for missing. Boolean: 0.0, 1.0 or NaN.
        Date: float64 days since 1970-01-01 UTC, NaN for missing. Categorical and text: objects of
        str, None or NaN for missing. Numbers of events: float64, recency as a date. Items: how
        many, NaN for none.
    fitted_day : float
        The moment of the fit in days since 1970-01-01 UTC.
    embed : callable, optional
        Returns sentence embeddings of a column's texts; for text columns of method ``sentence``.
    purchases : mapping of str to ItemCounts, optional
        Those of each feature of kind ``items``, in the order of the frame's rows.

    Returns
    -------
    FittedEncoder
        Does not depend on the order of the rows. Over all ordered pairs of fitted customers, the
        mean squared distance within a column's block is the column's weight, as
        E|x - y|^2 = 2 Var(x).

    Raises
    ------
    DataError
        There are no rows, a column is missing, or values cannot be standardised.
    """
    _require_columns(features, frame)
    if frame.empty:
        raise DataError(
            "an encoder cannot be fitted: found 0 customers, at least 1 is needed; choose a later"
            " date or check that rows were extracted"
        )
    blocks = {
        column: fit_block(
            column,
            feature,
            _values(column, feature, frame, purchases),
            fitted_day=fitted_day,
            embed=embed,
        )
        for column, feature in features.items()
    }
    baselines = {
        column: fit_baseline(feature, blocks[column], frame[column], fitted_day)
        for column, feature in features.items()
    }
    return FittedEncoder.from_blocks(blocks, baselines)


def _values(
    column: str,
    kind: object,
    frame: pd.DataFrame,
    purchases: Mapping[str, ItemCounts] | None,
) -> Any:
    """What the block of a column encodes: its values, or the purchases of its customers."""
    if not isinstance(kind, ItemsBlock | ItemsFeature):
        return frame[column]
    if column not in (purchases or {}):
        raise DataError(f"column {column!r} is made of purchases, and none are given")
    return (purchases or {})[column]


def _require_model(column: str, fitted: str, found: str) -> None:
    if found != fitted:
        raise DataError(
            f"column {column!r}: the encoder was fitted on sentence embeddings of {fitted!r}, and"
            f" the spec's model is {found!r} now; restore that model, or run 'kindred fit --refit'"
        )


def _require_columns(expected: Mapping[str, object], frame: pd.DataFrame) -> None:
    absent = [column for column in expected if column not in frame.columns]
    if absent:
        raise DataError(
            f"columns {absent} are missing from the customers' frame, which has"
            f" {list(frame.columns)}; extract them or remove them from the spec's features"
        )
