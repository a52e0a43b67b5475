"""Convert a column of texts to typed values: numbers, dates or booleans if 99 % of them agree."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kindred.infer.column_evidence import MIN_SHARE, ColumnEvidence
from kindred.infer.column_reader import ColumnReader
from kindred.infer.columns import Column, Flags, SqlType, TextColumn, limited, unchanged
from kindred.infer.conventions import Conventions
from kindred.infer.moments import moment_shape
from kindred.infer.plain_values import floats_of
from kindred.infer.sentinels import sentinels
from kindred.infer.shapes import strip

NUMERIC_TYPES = ("smallint", "integer", "bigint", "real", "double precision", "numeric")
TEXT_TYPES = ("text", "character varying", "bpchar")
MISSING_CODES = "values that stand clear of all others, such as -1, 999 or 9999-12-31"
_PLAIN = r"^[+-]?(\d{1,30}(\.\d{0,60})?|\.\d{1,60})([eE][+-]?\d{1,2})?$"
_LEADING_ZERO = r"^[+-]?0\d+$"
_UUID = r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
_BIGINT = r"^[+-]?(0|[1-9]\d{0,18})$"
_DECIMAL_KEY = r"^(0|[1-9]\d{0,18})\.0+$"
_ISO = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?$"


def read_column(
    column: TextColumn, conventions: Conventions | None = None, *, is_updated_at: bool = False
) -> Column:
    """Convert texts to the narrowest type that fits 99 % of the rows, otherwise to text.

    A column of numbers or dates with other values stays text: those that fit are spelled as
    PostgreSQL casts them, and the rows of the others will be rejected. Codes for a missing value,
    such as 9999-12-31, become null. ``is_updated_at``: the column is one of times by its role,
    whatever its name, and keeps such codes, for which its rows will be refused.
    """
    conventions = conventions or Conventions()
    evidence = ColumnEvidence.of(column)
    if not evidence.shaped.is_meant.any():
        return unchanged(column, evidence.shaped.is_meant)
    reader = ColumnReader(column, conventions, evidence, is_time=is_updated_at)
    found = reader.flags() or reader.compact_moments()
    if found is None and not is_updated_at and (unread := reader.unread()) is not None:
        return unread
    found = found or reader.numbers() or reader.moments()
    found = found or reader.durations()
    if found is not None:
        return found if is_updated_at else without_sentinels(found)
    return reader.texts()


def read_key(column: TextColumn) -> Column:
    """The key column: integers, UUIDs, or the unchanged strings; only '' is null."""
    stripped = strip(column.texts)
    is_known = np.asarray(pc.binary_length(stripped)) > 0
    present = stripped.filter(pa.array(is_known))
    if len(present) and _matching(present, _BIGINT).all():
        digits = pc.utf8_ltrim(stripped, characters="+")
        try:
            values = pc.cast(pc.if_else(pa.array(is_known), digits, None), pa.int64())
        except pa.ArrowInvalid:  # more than a bigint holds
            return unchanged(column, is_known)
        return Column.of_texts(column.name, SqlType.BIGINT, values, column.codes)
    is_uuid = len(present) > 0 and bool(_matching(present, _UUID).all())
    return replace(unchanged(column, is_known), type="uuid" if is_uuid else SqlType.TEXT)


def as_key(column: TextColumn) -> Column:
    """The key of a customer in a table of events, where programs add .0 if some rows have none."""
    stripped = strip(column.texts)
    is_known = np.asarray(pc.binary_length(stripped)) > 0
    is_decimal = _matching(stripped, _DECIMAL_KEY)
    if not is_decimal.any() or not (is_decimal | ~is_known | _matching(stripped, _BIGINT)).all():
        return read_key(column)
    whole = pc.replace_substring_regex(stripped, r"\.0+$", "")
    return read_key(TextColumn(column.name, whole, column.codes))


def without_sentinels(column: Column) -> Column:
    """The column of a file with null in place of codes for a missing value, and how many."""
    is_code = sentinels(column)
    if not is_code.any():
        return column
    rows = int(column.counts[is_code].sum())
    return column.without(is_code, f"{rows:,} {MISSING_CODES}, are null")


def moment_texts(column: TextColumn) -> Flags:
    """Which distinct texts are empty, or a date or time by their shape: bool (distinct,)."""
    shaped = ColumnEvidence.of(column).shaped
    is_moment = np.array([*(moment_shape(shape) is not None for shape in shaped.shapes), False])
    return np.asarray(~shaped.is_meant | is_moment[shaped.shape_codes])


def stored_column(name: str, sql_type: str, values: Sequence[Any]) -> Column:
    """A database column, unchanged; text counts as numbers or dates only if they are plain."""
    is_text = sql_type in TEXT_TYPES
    is_known = np.array([v is not None and not (is_text and not v.strip()) for v in values], bool)
    found, distinct = pd.factorize(
        pd.Series(values, dtype=object)[is_known].to_numpy(), use_na_sentinel=False
    )
    codes = np.full(len(values), -1, dtype=np.int32)
    codes[is_known] = found
    known = distinct.tolist()
    if sql_type in NUMERIC_TYPES:
        numbers = np.array([float(value) for value in known], dtype=np.float64)
        is_int = sql_type in ("smallint", "integer", "bigint")
        array = pa.array(known, pa.int64()) if is_int else pa.array(numbers)
        return limited(Column(name, sql_type, array, codes), numbers)
    if sql_type == SqlType.BOOLEAN:
        return Column(name, sql_type, pa.array(known, pa.bool_()), codes)
    column = Column(name, sql_type, pa.array(map(str, known), pa.string()), codes)
    return _plain_texts(column) if is_text and known else column


def _plain_texts(column: Column) -> Column:
    """A stored text column with its numbers, or as dates, if 99 % are spelled plainly."""
    stripped = strip(column.values)
    is_plain = _matching(stripped, _PLAIN)
    rows = int(column.counts[is_plain].sum())
    if rows and rows >= MIN_SHARE * column.known and not _matching(stripped, _LEADING_ZERO).any():
        numbers = np.full(column.distinct, np.nan)
        numbers[is_plain] = floats_of(stripped.filter(pa.array(is_plain)))
        return limited(replace(column, odd=column.known - rows), numbers)
    is_date = _matching(stripped, _ISO)
    if int(column.counts[is_date].sum()) < MIN_SHARE * column.known:
        return column
    dated = replace(column, is_dated=True)
    odd = int(column.counts[np.isnat(dated.times)].sum())
    return replace(dated, odd=odd) if odd <= (1 - MIN_SHARE) * column.known else column


def _matching(texts: pa.StringArray, pattern: str) -> Flags:
    return np.asarray(pc.match_substring_regex(texts, pattern))
