"""The three types of customer key in PostgreSQL and NumPy, with the same order in both."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from kindred.errors import DataError, PreflightError
from kindred.spec.source import LARGEST_KEYS
from kindred.warehouse.copy_writer import Column, Field

MAX_TEXT_KEY_BYTES = 255
_ZERO_FRACTION = re.compile(r"(?<=\d)\.0*(?=\s*$)")


class KeyType(StrEnum):
    """The base type of the domain ``customer_key``.

    bigint orders by number, uuid and text (collation "C") by byte. In NumPy a bigint key is int64,
    a uuid is its 16 bytes (dtype S16), a text key its UTF-8 bytes (dtype S).
    """

    BIGINT = "bigint"
    UUID = "uuid"
    TEXT = "text"

    @property
    def field(self) -> Field:
        """The COPY field of a key."""
        return {"bigint": Field.INT8, "uuid": Field.UUID, "text": Field.TEXT}[self.value]

    def column(self, keys: NDArray[Any]) -> Column:
        """Keys as a column to send."""
        return Column(self.field, keys)

    def from_copy(self, values: NDArray[Any]) -> NDArray[Any]:
        """Keys read by COPY, in the dtype described above."""
        return values.astype("S") if self is KeyType.TEXT else values

    def to_python(self, keys: NDArray[Any]) -> list[Any]:
        """Keys as parameters to bind: int, or str (uuid in canonical form)."""
        if self is KeyType.BIGINT:
            return [int(key) for key in keys]
        if self is KeyType.TEXT:
            return [key.decode() for key in keys]
        raw = np.ascontiguousarray(keys).tobytes()
        return [str(UUID(bytes=raw[i : i + 16])) for i in range(0, len(raw), 16)]

    def from_python(self, values: Sequence[Any]) -> NDArray[Any]:
        """Keys given as int or text, in the dtype described above."""
        if self is KeyType.BIGINT:
            return np.array([int(value) for value in values], dtype=np.int64)
        if self is KeyType.TEXT:
            return np.array([str(value).encode() for value in values], dtype="S")
        return np.array([UUID(str(value)).bytes for value in values], dtype="S16")

    def parse(self, text: str) -> NDArray[Any]:
        """Parse one key entered by a person: shape (1,), in the dtype described above.

        Raises
        ------
        DataError
            when the text is not a valid key; the message omits it, since it may be personal.
        """
        try:
            key = self.from_python([_whole(text) if self is KeyType.BIGINT else text])
        except (ValueError, OverflowError):
            key = empty_keys(self)
        is_too_long = self is KeyType.TEXT and len(text.encode()) > MAX_TEXT_KEY_BYTES
        if not len(key) or is_too_long or "\0" in text:
            raise DataError(
                f"the id that was given ({len(text)} characters) is not a key of type {self}; give"
                " one as it is in the source's key column"
            )
        return key


def _whole(text: str) -> str:
    """A whole number without the zeros of its fraction: a source of type numeric has ``2.00``."""
    return _ZERO_FRACTION.sub("", text)


_KEY_TYPES = {
    "smallint": KeyType.BIGINT,
    "integer": KeyType.BIGINT,
    "bigint": KeyType.BIGINT,
    "uuid": KeyType.UUID,
    "text": KeyType.TEXT,
    "character varying": KeyType.TEXT,
    "bpchar": KeyType.TEXT,
    "name": KeyType.TEXT,
    "numeric": KeyType.BIGINT,
    "double precision": KeyType.BIGINT,
    "real": KeyType.BIGINT,
}
_CASTS = {
    name: f"case when {{c}} = trunc({{c}}) and {{c}} between -{largest} and {largest}"
    " then {c}::bigint end"
    for name, largest in LARGEST_KEYS.items()
}


def key_cast(source_type: str, key_type: KeyType) -> str:
    """The SQL fragment for a key ``{c}`` of the source; null if a number is no whole one."""
    return _CASTS.get(source_type, f"{{c}}::{key_type}")


def unusable_key_cast(source_type: str) -> str:
    """The SQL fragment for the text of a key ``{c}`` that the cast makes null; else null."""
    if source_type not in _CASTS:
        return "null::text"
    return f"case when ({_CASTS[source_type]}) is null then {{c}}::text end"


def key_type_of(column: str, source_type: str, is_built_in: bool = True) -> KeyType:
    """The key type for a source column, given its type's name from ``format_type``.

    Types that are not built into PostgreSQL, such as citext or an enum, are read as text.

    Raises
    ------
    PreflightError
        when keys of that type do not sort the same in SQL and in Python.
    """
    if source_type in _KEY_TYPES:
        return _KEY_TYPES[source_type]
    if not is_built_in:
        return KeyType.TEXT
    raise PreflightError(
        f"key column {column!r} is of type {source_type}; allowed are {', '.join(_KEY_TYPES)};"  # noqa: S608
        " cast it in the spec's source query: instead of 'table' write 'query: select *,"
        f" \"{column}\"::text as key_text from <the table>' and 'key: key_text'"
    )


def empty_keys(key_type: KeyType) -> NDArray[Any]:
    """An empty array of keys, in the right dtype."""
    dtypes = {KeyType.BIGINT: "int64", KeyType.UUID: "S16", KeyType.TEXT: "S1"}
    return np.empty(0, dtype=np.dtype(dtypes[key_type]))


def concatenate_keys(key_type: KeyType, blocks: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Concatenate blocks of keys; text keys take the width of the longest."""
    return np.concatenate(blocks) if blocks else empty_keys(key_type)


_WHOLE_NUMBERS = ("smallint", "integer", "bigint")
_TEXTS = ("text", "character varying", "bpchar", "name")
# Nested, since the parts of an "and" are evaluated in any order; braces are doubled for format.
_TEXT_CASTS = {
    KeyType.BIGINT: (
        "case when btrim({c}) ~ '^[+-]?[0-9]{{1,19}}([.]0*)?$' then case when btrim({c})::numeric"
        f" between -{2**63} and {2**63 - 1} then btrim({{c}})::numeric::bigint end end"
    ),
    KeyType.UUID: (
        "case when btrim({c}) ~* '^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$'"
        " then btrim({c})::uuid end"
    ),
}


def foreign_key_casts(column: str, source_type: str, key_type: KeyType) -> tuple[str, str]:
    """The SQL fragments that turn another table's column ``{c}`` into the key of a customer.

    The second one is the text of a value that is no key, else null.

    Raises
    ------
    PreflightError
        when values of the type cannot be keys of the space.
    """
    if source_type in _TEXTS and key_type in _TEXT_CASTS:
        cast = _TEXT_CASTS[key_type]
        return cast, f"case when ({cast}) is null then {{c}}::text end"
    is_same = _KEY_TYPES.get(source_type) is key_type
    is_text = key_type is KeyType.TEXT and (
        source_type in (*_WHOLE_NUMBERS, "uuid") or source_type not in _KEY_TYPES
    )
    if is_same or is_text:
        return key_cast(source_type, key_type), unusable_key_cast(source_type)
    raise PreflightError(
        f"customer column {column!r} is of type {source_type}, but customers have keys of type"
        f" {key_type}; cast it in a 'query'"
    )
