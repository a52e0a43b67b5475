"""Convert a column of strings to typed values: numbers, dates or booleans if all values agree."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.infer.columns import Column, SqlType, as_objects
from kindred.infer.moments import AmbiguousMoments, read_moments
from kindred.spec.features import LARGEST_NUMBER

# Null if the rest of the column is numeric, dates or booleans; in a text column they stay as text.
NA_TOKENS = frozenset(
    (
        *("NA", "N/A", "n/a", "#N/A", "na", "null", "NULL", "Null", "NaN", "nan", "NAN"),
        *("None", "none", "NONE", "?", "-", "--", "0000-00-00", "0000-00-00 00:00:00"),
    )
)
MIN_NUMBER_SHARE = 0.99  # share of numbers from which a column with other values is numeric
FLAGS = (("yes", "no"), ("true", "false"), ("t", "f"), ("y", "n"))
NUMERIC_TYPES = ("smallint", "integer", "bigint", "real", "double precision", "numeric")
TEXT_TYPES = ("text", "character varying", "bpchar")
AMBIGUOUS = "dates whose day and month cannot be told apart"

_DIGITS = re.compile(r"[+-]?\d+")
_WHOLE = re.compile(r"[+-]?\d{1,15}(\.0*)?")
_PLAIN = re.compile(r"[+-]?(\d{1,30}(\.\d{0,60})?|\.\d{1,60})([eE][+-]?\d{1,2})?")
_THOUSANDS = re.compile(r"[+-]?([1-9]\d{0,2}(,\d{3})+|\d{1,30})(\.\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?([1-9]\d{0,2}(\.\d{3})+|\d{1,30})(,\d+)?")
_LEADING_ZERO = re.compile(r"[+-]?0\d+")
_BIGINT = 2**63


@dataclass(frozen=True)
class _Distinct:
    """The distinct texts of a column, stripped, with the rows that hold each."""

    name: str
    texts: list[str]
    stripped: list[str]
    counts: NDArray[np.intp]
    codes: NDArray[np.intp]

    @classmethod
    def of(cls, name: str, texts: Sequence[str]) -> "_Distinct":
        codes, found = pd.factorize(as_objects(texts))
        distinct = [str(text) for text in found]
        return cls(name, distinct, [t.strip() for t in distinct], np.bincount(codes), codes)

    def column(self, sql_type: SqlType, meanings: dict[str, Any], **facts: Any) -> Column:
        """The column with the meaning of each text, null for texts without one."""
        values = as_objects([meanings.get(text) for text in self.stripped])
        return Column(self.name, sql_type, values[self.codes], **facts)

    def rows_of(self, is_wanted: Callable[[str], bool]) -> int:
        """Rows whose stripped text is wanted."""
        pairs = zip(self.stripped, self.counts, strict=True)
        return int(sum(count for text, count in pairs if is_wanted(text)))

    def na_notes(self) -> tuple[str, ...]:
        """How many tokens such as NA were read as null."""
        found = self.rows_of(NA_TOKENS.__contains__)
        return (f"{found:,} tokens such as NA are null",) if found else ()


def read_column(name: str, texts: Sequence[str], *, decimal_comma: bool = False) -> Column:
    """Convert strings to the narrowest type that fits all values, otherwise to text.

    Parameters
    ----------
    texts : sequence of str
        The values of a file; '' if missing.
    decimal_comma : bool
        Whether to read 1,234 with a decimal comma if all values fit both conventions.
    """
    distinct = _Distinct.of(name, texts)
    meant = [text for text in dict.fromkeys(distinct.stripped) if text and text not in NA_TOKENS]
    notes: tuple[str, ...] = ()
    if meant:
        try:
            found = (
                _flags(distinct, meant)
                or _numbers(distinct, meant, decimal_comma=decimal_comma)
                or _moments(distinct, meant)
            )
        except AmbiguousMoments:
            found, notes = None, (AMBIGUOUS,)
        if found is not None:
            return found
    kept = {text: text for text in distinct.texts if text.strip()} if meant else {}
    values = as_objects([kept.get(text) for text in distinct.texts])
    return Column(name, SqlType.TEXT, values[distinct.codes], notes=notes)


def stored_column(name: str, sql_type: str, values: Sequence[Any]) -> Column:
    """A database column, unchanged; text counts as numeric only if its numbers are plain."""
    array = as_objects(values)
    if sql_type in NUMERIC_TYPES:
        return _with_numbers(Column(name, sql_type, array), array)
    if sql_type not in TEXT_TYPES:
        return Column(name, sql_type, array)
    array = as_objects([value if value and value.strip() else None for value in values])
    distinct = _Distinct.of(name, [value or "" for value in array])
    present = [text for text in dict.fromkeys(distinct.stripped) if text]
    numbers = {text: number for text in present if (number := _plain(text)) is not None}
    fitting = distinct.rows_of(numbers.__contains__)
    total = distinct.rows_of(bool)
    is_code = any(_LEADING_ZERO.fullmatch(text) for text in numbers)
    if not fitting or is_code or fitting < MIN_NUMBER_SHARE * total:
        return Column(name, sql_type, array)
    found = distinct.column(SqlType.DOUBLE, numbers).values
    return _with_numbers(Column(name, sql_type, array, odd=total - fitting), found)


def read_key(name: str, texts: Sequence[str]) -> Column:
    """The key column: integers, UUIDs, or the unchanged strings; only '' is null."""
    distinct = _Distinct.of(name, texts)
    present = [text for text in distinct.stripped if text]
    if present and all(_is_bigint(text) for text in present):
        return distinct.column(SqlType.BIGINT, {text: int(text) for text in present})
    values = as_objects([text if text.strip() else None for text in distinct.texts])
    return Column(name, _uuid_or_text(present), values[distinct.codes])


def _uuid_or_text(texts: Sequence[str]) -> str:
    def is_uuid(text: str) -> bool:
        try:
            return len(text) == 36 and bool(UUID(text))
        except ValueError:
            return False

    return "uuid" if texts and all(is_uuid(text) for text in texts) else SqlType.TEXT


def _flags(distinct: _Distinct, meant: Sequence[str]) -> Column | None:
    words = {text.lower() for text in meant}
    for yes, no in FLAGS:
        if words == {yes, no}:
            meanings = {text: text.lower() == yes for text in meant}
            return distinct.column(SqlType.BOOLEAN, meanings, notes=distinct.na_notes())
    return None


def _is_bigint(text: str) -> bool:
    fits = len(text) <= 20 and _DIGITS.fullmatch(text) and not _LEADING_ZERO.fullmatch(text)
    return bool(fits) and -_BIGINT <= int(text) < _BIGINT


def _numbers(distinct: _Distinct, meant: Sequence[str], *, decimal_comma: bool) -> Column | None:
    if any(_LEADING_ZERO.fullmatch(text) for text in meant):
        return None  # a code such as 01234
    if all(_DIGITS.fullmatch(text) for text in meant):
        if not all(_is_bigint(text) for text in meant):
            return None  # more digits than a bigint holds: an id
        return _whole_numbers(distinct, {text: int(text) for text in meant})
    total = distinct.rows_of(set(meant).__contains__)
    best: tuple[dict[str, float], int] = {}, 0
    commas = (_decimal_commas, _thousands) if decimal_comma else (_thousands, _decimal_commas)
    for read in (_plain, *commas):
        numbers = {text: number for text in meant if (number := read(text)) is not None}
        if len(numbers) == len(meant):
            return _all_numbers(distinct, numbers, read)
        fitting = distinct.rows_of(numbers.__contains__)
        if fitting > best[1]:
            best = numbers, fitting
    if best[1] < MIN_NUMBER_SHARE * total:
        return None
    return _mostly_numbers(distinct, best[0], set(meant) - set(best[0]))


def _plain(text: str) -> float | None:
    return float(text) if _PLAIN.fullmatch(text) else None


def _thousands(text: str) -> float | None:
    return float(text.replace(",", "")) if _THOUSANDS.fullmatch(text) else None


def _decimal_commas(text: str) -> float | None:
    if not _DECIMAL_COMMA.fullmatch(text):
        return None
    return float(text.replace(".", "").replace(",", "."))


_NAMES = {_thousands: "with thousands as in 1,234.5", _decimal_commas: "with a comma as in 1234,5"}


def _all_numbers(
    distinct: _Distinct, numbers: dict[str, float], read: Callable[[str], float | None]
) -> Column:
    if read not in _NAMES and all(_WHOLE.fullmatch(text) for text in numbers):
        return _whole_numbers(distinct, {text: int(number) for text, number in numbers.items()})
    column = distinct.column(SqlType.DOUBLE, numbers)
    notes = distinct.na_notes() + ((f"written {_NAMES[read]}",) if read in _NAMES else ())
    return _with_numbers(replace(column, notes=notes), column.values)


def _whole_numbers(distinct: _Distinct, numbers: dict[str, int]) -> Column:
    column = distinct.column(SqlType.BIGINT, numbers, notes=distinct.na_notes())
    return _with_numbers(column, column.values)


def _mostly_numbers(distinct: _Distinct, numbers: dict[str, float], others: set[str]) -> Column:
    """A text column of plain numbers; other values stay, and their rows will be rejected."""
    stored = {text: repr(number) for text, number in numbers.items()}
    stored |= {text: text for text in numbers if _PLAIN.fullmatch(text)}
    column = distinct.column(
        SqlType.TEXT,
        stored | {text: text for text in others},
        odd=distinct.rows_of(others.__contains__),
        notes=distinct.na_notes(),
    )
    return _with_numbers(column, distinct.column(SqlType.DOUBLE, numbers).values)


def _with_numbers(column: Column, values: NDArray[Any]) -> Column:
    """The column with its numbers; those that will be rejected count as odd."""
    floats = np.array([np.nan if value is None else float(value) for value in values], dtype="f8")
    is_usable = np.abs(floats) <= float(LARGEST_NUMBER)
    refused = sum(value is not None for value in values[~is_usable])
    return replace(
        column, numbers=np.where(is_usable, floats, np.nan), odd=column.odd + int(refused)
    )


def _moments(distinct: _Distinct, meant: Sequence[str]) -> Column | None:
    found = read_moments(meant)
    if found is None:
        return None
    sql_type, moments = found
    meanings = dict(zip(meant, moments, strict=True))
    return distinct.column(sql_type, meanings, notes=distinct.na_notes())
