"""A column with its values as a database stores them, and its counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

COMMON_VALUES = 50  # as many as the default max_categories of a categorical column

Values = NDArray[Any]
Numbers = NDArray[np.float64]


class SqlType(StrEnum):
    """The types that CSV columns are loaded as, by their names from ``format_type``."""

    TEXT = "text"
    BIGINT = "bigint"
    DOUBLE = "double precision"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp without time zone"
    TIMESTAMPTZ = "timestamp with time zone"


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a table.

    Attributes
    ----------
    name, type : str
        The column's name, and PostgreSQL's name of its type.
    values : object array of shape (rows,)
        The stored values: Python values of the type, None where null.
    numbers : float64 array of shape (rows,), or None
        The values as numbers, NaN where missing; None for a column that is not numeric.
    odd : int
        Values of a numeric column that no vector can hold: their rows will be rejected.
    notes : tuple of str
        How values were read, in counts.
    """

    name: str
    type: str
    values: Values
    numbers: Numbers | None = None
    odd: int = 0
    notes: tuple[str, ...] = ()

    @cached_property
    def codes(self) -> NDArray[np.intp]:
        """The index of each row's distinct value, -1 where null."""
        return pd.factorize(self.values, use_na_sentinel=True)[0]

    @cached_property
    def counts(self) -> NDArray[np.intp]:
        """Rows per distinct value, the most frequent first."""
        return np.sort(np.bincount(self.codes[self.codes >= 0]))[::-1]

    @property
    def rows(self) -> int:
        """All rows, including those without a value."""
        return len(self.values)

    @property
    def known(self) -> int:
        """Rows that have a value, be it NaN."""
        return self.rows - self.nulls

    @cached_property
    def nulls(self) -> int:
        """Rows without a value."""
        return sum(value is None for value in self.values)

    @property
    def distinct(self) -> int:
        """The number of distinct values."""
        return len(self.counts)

    @property
    def common_share(self) -> float:
        """Share of the known rows that the most frequent values cover (0 to 1)."""
        return float(self.counts[:COMMON_VALUES].sum() / max(self.known, 1))

    @property
    def is_temporal(self) -> bool:
        """Whether the values are dates or times."""
        return self.type in (SqlType.DATE, SqlType.TIMESTAMP, SqlType.TIMESTAMPTZ)

    @cached_property
    def times(self) -> NDArray[np.datetime64]:
        """The values as times in UTC (microseconds), NaT where they are none."""
        texts = pd.Series([None if v is None else str(v) for v in self.values], dtype=object)
        found = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
        return found.dt.tz_localize(None).to_numpy().astype("datetime64[us]")

    @cached_property
    def texts(self) -> list[str]:
        """The known values as strings."""
        return [str(value) for value in self.values if value is not None]


def as_objects(values: Sequence[Any]) -> Values:
    """An object array of values, which may be sequences themselves."""
    return pd.Series(values, dtype=object).to_numpy()


def whole(values: Numbers) -> bool:
    """Whether all known numbers are whole."""
    known = values[~np.isnan(values)]
    return bool((known == np.floor(known)).all())
