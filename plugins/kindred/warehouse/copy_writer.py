"""Encode NumPy arrays in PostgreSQL's binary COPY format (``copy_reader`` decodes it).

The layout follows the COPY documentation ("Binary Format"): a header, then for every row the number
of fields, and for every field its length (-1 for null) and its big-endian bytes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
POSTGRES_EPOCH_MICROSECONDS = 946_684_800_000_000  # 2000-01-01 in Unix time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Array = NDArray[Any]
Bytes = NDArray[np.uint8]


class Field(StrEnum):
    """The PostgreSQL type of a field; ``PAGE`` is a bytea of 8 kB, which is only read."""

    INT2 = "int2"
    INT4 = "int4"
    INT8 = "int8"
    FLOAT4 = "float4"
    FLOAT8 = "float8"
    TIMESTAMPTZ = "timestamptz"
    UUID = "uuid"
    TEXT = "text"
    VECTOR = "vector"
    FLOAT8_ARRAY = "float8[]"
    TID = "tid"
    PAGE = "page"


PAGE_BYTES = 8_192
POSITION_BITS = 16
"""A row's location (``ctid``) as one integer is ``block << POSITION_BITS | position``."""

_WIRE: dict[Field, np.dtype[Any]] = {
    Field.INT2: np.dtype(">i2"),
    Field.INT4: np.dtype(">i4"),
    Field.INT8: np.dtype(">i8"),
    Field.FLOAT4: np.dtype(">f4"),
    Field.FLOAT8: np.dtype(">f8"),
    Field.TIMESTAMPTZ: np.dtype(">i8"),
    Field.UUID: np.dtype("S16"),
    Field.TID: np.dtype([("block", ">u4"), ("position", ">u2")]),
    Field.PAGE: np.dtype(("u1", (PAGE_BYTES,))),
}


def wire_dtype(field: Field, dimensions: int = 0) -> np.dtype[Any]:
    """The big-endian dtype of a field of fixed width; ``dimensions``: of a vector or array.

    Raises
    ------
    KeyError
        for text, whose width depends on the value.
    """
    if field is Field.VECTOR:
        return np.dtype(
            [("dimensions", ">i2"), ("unused", ">i2"), ("values", ">f4", (dimensions,))]
        )
    if field is Field.FLOAT8_ARRAY:
        elements = (np.dtype([("length", ">i4"), ("value", ">f8")]), (dimensions,))
        return np.dtype([(name, ">i4") for name in _ARRAY_HEADER] + [("elements", elements)])
    return _WIRE[field]


_ARRAY_HEADER = {"axes": 1, "has_nulls": 0, "element_type": 701, "count": 0, "first": 1}
"""What ``array_recv`` reads before the elements; 701 is the number of float8 in every catalogue."""


@dataclass(frozen=True)
class Column:
    """One column to send.

    ``values``: (n,) numbers; (n,) fixed-width bytes (dtype S) for text and uuid; (n, d) float32 for
    vectors, float64 for arrays; int64 microseconds since 1970 for timestamptz. ``is_null``: (n,)
    bool, optional.
    """

    field: Field
    values: Array
    is_null: NDArray[np.bool_] | None = None


def microseconds_of(moment: datetime) -> int:
    """A moment in microseconds since 1970-01-01 UTC."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_column(moment: datetime, rows: int) -> Column:
    """A column of timestamptz with one moment in every row."""
    return Column(Field.TIMESTAMPTZ, np.full(rows, microseconds_of(moment)))


def encode_rows(columns: Sequence[Column]) -> bytes:
    """Rows as binary COPY, without header and trailer."""
    if any(column.field is Field.TEXT or column.is_null is not None for column in columns):
        return _encode_variable(columns)
    parts: list[tuple[str, Any]] = [("fields", ">i2")]
    filled: dict[str, Array | int] = {"fields": len(columns)}
    for index, column in enumerate(columns):
        payload = _fixed_payload(column)
        parts += [(f"length{index}", ">i4"), (f"value{index}", payload.dtype)]
        filled |= {f"length{index}": payload.dtype.itemsize, f"value{index}": payload}
    rows = np.empty(len(columns[0].values), dtype=np.dtype(parts))
    for name, values in filled.items():
        rows[name] = values
    return rows.tobytes()


def _fixed_payload(column: Column) -> Array:
    """A column's values in wire format, one element of fixed width per row."""
    if column.field is Field.VECTOR:
        count, dimensions = column.values.shape
        packed = np.empty(count, dtype=wire_dtype(column.field, dimensions))
        packed["dimensions"], packed["unused"], packed["values"] = dimensions, 0, column.values
        return packed
    if column.field is Field.FLOAT8_ARRAY:
        count, dimensions = column.values.shape
        packed = np.empty(count, dtype=wire_dtype(column.field, dimensions))
        for name, value in (_ARRAY_HEADER | {"count": dimensions}).items():
            packed[name] = value
        packed["elements"]["length"], packed["elements"]["value"] = 8, column.values
        return packed
    values = column.values
    if column.field is Field.TIMESTAMPTZ:
        values = values - POSTGRES_EPOCH_MICROSECONDS
    return values.astype(wire_dtype(column.field))


def _encode_variable(columns: Sequence[Column]) -> bytes:
    """The general case: rows of different lengths, scattered column by column."""
    payloads = [_payload_bytes(column) for column in columns]
    row_lengths = np.sum([4 + lengths for _, lengths in payloads], axis=0, dtype=np.int64) + 2
    ends = np.cumsum(row_lengths)
    position: NDArray[np.int64] = ends - row_lengths
    out = np.empty(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
    _scatter(out, position, _as_bytes(np.full(len(ends), len(columns), dtype=">i2")), 2)
    position = position + 2
    for column, (data, lengths) in zip(columns, payloads, strict=True):
        sent = lengths if column.is_null is None else np.where(column.is_null, -1, lengths)
        _scatter(out, position, _as_bytes(sent.astype(">i4")), 4)
        position = position + 4
        out[_spans(position, lengths)] = data
        position = position + lengths
    return out.tobytes()


def _payload_bytes(column: Column) -> tuple[Bytes, NDArray[np.int64]]:
    """The concatenated bytes of a column, and the number of bytes per row."""
    is_sent = True if column.is_null is None else ~column.is_null
    if column.field is Field.TEXT:
        values = column.values
        width = values.dtype.itemsize
        lengths = np.where(is_sent, np.char.str_len(values), 0).astype(np.int64)
        matrix = _as_bytes(values).reshape(len(values), width)
        return matrix[np.arange(width) < lengths[:, None]], lengths
    payload = _fixed_payload(column)
    lengths = np.where(is_sent, payload.dtype.itemsize, np.zeros(len(payload), dtype=np.int64))
    return _as_bytes(payload if column.is_null is None else payload[is_sent]), lengths


def _as_bytes(values: Array) -> Bytes:
    return np.frombuffer(np.ascontiguousarray(values).tobytes(), dtype=np.uint8)


def _scatter(out: Bytes, position: NDArray[np.int64], data: Bytes, width: int) -> None:
    out[position[:, None] + np.arange(width)] = data.reshape(-1, width)


def _spans(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Every byte position of the spans with these starts and lengths, in order."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - (ends - lengths), lengths) + np.arange(total)


class RowStream:
    """The source of COPY FROM STDIN: header, encoded chunks, trailer."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._buffer = memoryview(HEADER)
        self._ended = False

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; empty at the end."""
        while not self._buffer and not self._ended:
            chunk = next(self._chunks, None)
            self._ended = chunk is None
            self._buffer = memoryview(TRAILER if chunk is None else chunk)
        taken = len(self._buffer) if size < 0 else min(size, len(self._buffer))
        part, self._buffer = bytes(self._buffer[:taken]), self._buffer[taken:]
        return part

    def readline(self, size: int = -1, /) -> bytes:
        """Required by psycopg2, although binary data has no lines."""
        return self.read(size)
