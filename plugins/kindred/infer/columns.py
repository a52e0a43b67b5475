"""Columns of a table as their distinct values, and which of them each row holds.

Everything that is inferred is decided on distinct values and their counts: no Python object per
row, nor per distinct value.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kindred.spec.features import LARGEST_NUMBER

COMMON_VALUES = 50  # as many as the default max_categories of a categorical column

Codes = NDArray[np.int32]
Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]
Times = NDArray[np.datetime64]
Flags = NDArray[np.bool_]


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
class TextColumn:
    """One column of a file as it was read.

    Attributes
    ----------
    name : str
    texts : string array of shape (distinct,)
        As in the file, not stripped, without nulls; ``''`` where a row has no value.
    codes : int32 array of shape (rows,)
        The index of each row's text in ``texts``.
    """

    name: str
    texts: pa.StringArray
    codes: Codes

    @cached_property
    def counts(self) -> Counts:
        """Rows per distinct text, int64 (distinct,)."""
        return np.bincount(self.codes, minlength=len(self.texts)).astype(np.int64)


@dataclass(frozen=True)
class Almost:
    """What a column would be, were it not for some of its values.

    Attributes
    ----------
    kind : str
        ``number``, ``date`` or ``month`` (without a day).
    share : float
        The rows with such a value, of those with any (0 to 1).
    shapes : tuple of (str, int)
        Shapes of the other values with their rows, the most frequent first: ``9 a`` stands for
        ``12 kg``. Never a value.
    form : str
        How dates are written that nobody can read for sure, such as YYMMDD.
    """

    kind: str
    share: float
    shapes: tuple[tuple[str, int], ...] = ()
    form: str = ""

    @property
    def words(self) -> str:
        """The share in words, the other values by their shapes."""
        shapes = ", ".join(f"'{shape}' {rows:,}" for shape, rows in self.shapes)
        others = f"; the others look like {shapes}" if shapes else ""
        form = f" written as {self.form}" if self.form else ""
        what = "months without a day" if self.kind == "month" else f"{self.kind}s"
        return f"{self.share:.2%} are {what}{form}{others}"


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a table.

    Attributes
    ----------
    name, type : str
        The column's name, and PostgreSQL's name of its type.
    values : array of shape (distinct,)
        The distinct values in the order in which they first occur, without nulls: int64, float64,
        bool, date32, timestamp[us] (in UTC if the type has a time zone) or string. Columns of a
        database that Arrow has no type for, dates among them, are strings as PostgreSQL writes
        them.
    codes : int32 array of shape (rows,)
        The index of each row's value in ``values``, -1 where null.
    numbers : float64 array of shape (distinct,), or None
        The values as numbers, NaN where one is none; None for a column that is not numeric.
    odd : int
        Rows of a column of numbers or dates whose value is none: they will be rejected.
    notes : tuple of str
        How values were read, in counts.
    is_dated : bool
        Whether the values are dates or times that are stored as text, but for ``odd`` rows.
    almost : Almost or None
        What most values of a text column are.
    """

    name: str
    type: str
    values: pa.Array
    codes: Codes
    numbers: Numbers | None = None
    odd: int = 0
    notes: tuple[str, ...] = ()
    is_dated: bool = False
    almost: Almost | None = None

    @classmethod
    def of_texts(
        cls, name: str, sql_type: str, values: pa.Array, codes: Codes, **facts: Any
    ) -> "Column":
        """The column whose texts, of which each row holds one by ``codes``, mean these values.

        ``values`` (texts,) may hold nulls, and equal values of different texts.
        """
        found = values.dictionary_encode()
        meaning = found.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
        return cls(name, sql_type, found.dictionary, meaning[codes], **facts)

    def without(self, is_left_out: Flags, note: str) -> "Column":
        """The column with null in place of some distinct values, bool (distinct,), and a note."""
        kept = ~is_left_out
        places = np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
        return replace(
            self,
            values=self.values.filter(pa.array(kept)),
            codes=np.append(places, np.int32(-1))[self.codes],
            numbers=None if self.numbers is None else self.numbers[kept],
            notes=(*self.notes, note),
        )

    @cached_property
    def counts(self) -> Counts:
        """Rows per distinct value, int64 (distinct,)."""
        return np.bincount(self.codes + 1, minlength=len(self.values) + 1)[1:].astype(np.int64)

    @property
    def rows(self) -> int:
        """All rows, including those without a value."""
        return len(self.codes)

    @cached_property
    def known(self) -> int:
        """Rows that have a value, be it NaN."""
        return int(self.counts.sum())

    @property
    def nulls(self) -> int:
        """Rows without a value."""
        return self.rows - self.known

    @property
    def distinct(self) -> int:
        """The number of distinct values."""
        return len(self.values)

    @cached_property
    def common_share(self) -> float:
        """Share of the known rows that the most frequent values cover (0 to 1)."""
        common = np.partition(self.counts, max(self.distinct - COMMON_VALUES, 0))[-COMMON_VALUES:]
        return float(common.sum() / max(self.known, 1)) if self.distinct else 0.0

    @property
    def is_temporal(self) -> bool:
        """Whether the values are dates or times, as text or not."""
        return self.is_dated or self.type in (SqlType.DATE, SqlType.TIMESTAMP, SqlType.TIMESTAMPTZ)

    @cached_property
    def times(self) -> Times:
        """The distinct values as times in UTC, datetime64[us] (distinct,); NaT where none."""
        if pa.types.is_temporal(self.values.type):
            moments = pc.cast(self.values, pa.timestamp("us"))
            return np.asarray(moments.to_numpy(zero_copy_only=False), dtype="datetime64[us]")
        texts = pd.Series(self.texts.to_numpy(zero_copy_only=False), dtype=object)
        found = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
        return found.dt.tz_localize(None).to_numpy().astype("datetime64[us]")

    @cached_property
    def texts(self) -> pa.StringArray:
        """The distinct values as strings (distinct,)."""
        return pc.cast(self.values, pa.string())

    def of_rows(self, values: NDArray[Any], missing: Any) -> NDArray[Any]:
        """An array of the distinct values (distinct,) as one of the rows (rows,)."""
        return np.append(values, np.array([missing], dtype=values.dtype))[self.codes]

    def stored(self) -> pa.DictionaryArray:
        """The values of the rows (rows,), null where a row has none."""
        return pa.DictionaryArray.from_arrays(
            pa.array(self.codes, mask=self.codes < 0), self.values
        )


def whole(values: Numbers) -> bool:
    """Whether all known numbers are whole."""
    known = values[~np.isnan(values)]
    return bool((known == np.floor(known)).all())


def unchanged(column: TextColumn, is_known: Flags) -> Column:
    """The texts unchanged, null where they are not known."""
    values = pc.if_else(pa.array(is_known), column.texts, None)
    return Column.of_texts(column.name, SqlType.TEXT, values, column.codes)


def with_numbers(
    column: Column, floats: Numbers | None = None, texts: TextColumn | None = None
) -> Column:
    """The column with its numbers; those that no vector holds count as odd.

    ``floats`` are the numbers of the texts (texts,) that the column was read from; without them,
    the values are numbers themselves.
    """
    if floats is None or texts is None:
        numbers = np.asarray(pc.cast(column.values, pa.float64(), safe=False))
    else:
        numbers = np.full(column.distinct, np.nan)
        firsts = np.full(column.distinct, -1, dtype=np.int64)
        known = column.codes >= 0
        firsts[column.codes[known]] = texts.codes[known]
        numbers = floats[firsts]
    return limited(column, numbers)


def limited(column: Column, numbers: Numbers) -> Column:
    """The column with numbers of its values (distinct,); rows of unusable ones count as odd."""
    is_usable = np.abs(numbers) <= float(LARGEST_NUMBER)
    is_refused = ~is_usable if column.odd == 0 else ~is_usable & ~np.isnan(numbers)
    odd = column.odd + int(column.counts[is_refused].sum())
    return replace(column, numbers=np.where(is_usable, numbers, np.nan), odd=odd)
