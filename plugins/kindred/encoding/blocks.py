"""Fitted blocks, each of which encodes one column of customers as a few columns of the vector."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FREQUENTLY_MISSING = 0.01
"""Share of missing values among the fitted customers above which a block gets an indicator."""


class Block(Protocol):
    """One column's part of the vector."""

    @property
    def width(self) -> int:
        """Number of vector columns."""

    @property
    def scale(self) -> float:
        """The factor that makes the expected squared distance the weight; 0 for a constant."""

    def write(self, values: Any, out: NDArray[np.floating[Any]]) -> None:
        """Fill ``out``, zeros of shape (rows, width), from a Series (or sentence embeddings)."""

    def to_json(self) -> dict[str, Any]:
        """The fitted state as plain JSON; ``block`` is its type."""


def scale_for(weight: float, variance: float) -> float:
    """The factor that makes twice a block's variance equal its weight.

    Two random customers differ within a block by E|x - y|^2 = 2 Var(x), summed over its columns.
    """
    return float(np.sqrt(weight / (2.0 * variance))) if variance > 0.0 else 0.0


def total_variance(columns: NDArray[np.floating[Any]]) -> float:
    """The sum of the variances of a matrix's columns, independent of the order of the rows."""
    # Sorted so that float64 sums do not depend on the order of the rows.
    ordered = np.sort(columns.astype(np.float64), axis=0)
    return float(np.square(ordered - centroid_of(ordered)).sum() / max(1, len(ordered)))


def centroid_of(ordered: NDArray[np.float64]) -> NDArray[np.float64]:
    """The means of sorted columns; exact for constant columns, whose sum could be rounded."""
    if not len(ordered):
        return np.zeros(ordered.shape[1])
    return np.asarray(np.where(ordered[0] == ordered[-1], ordered[0], ordered.mean(axis=0)))


def numbers_of(values: pd.Series) -> NDArray[np.float64]:
    """A column as float64, NaN where missing."""
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def strings_of(values: pd.Series) -> NDArray[np.object_]:
    """A column as objects of str, None where missing."""
    strings = values.to_numpy(dtype=object)
    is_missing = np.asarray(pd.isna(strings))
    if is_missing.any():
        strings = strings.copy()
        strings[is_missing] = None
    return strings


def known_of(strings: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Which strings of a column from `strings_of` are not missing."""
    return np.array([text is not None for text in strings], dtype=bool)


def floats(values: NDArray[Any]) -> list[Any]:
    """An array as nested lists of Python floats."""
    listed: list[Any] = values.astype(np.float64).tolist()
    return listed


State = Mapping[str, Any]
