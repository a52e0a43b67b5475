"""Read a CSV file as strings: compression, encoding, separator, header, invalid bytes."""

import codecs
import csv
import gzip
import io
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pandas as pd

from kindred.errors import InferenceError
from kindred.infer.column_names import clean_names

SEPARATORS = (",", ";", "\t", "|")
MAX_COLUMNS = 1500  # PostgreSQL allows 1,600 columns per table, and a key may be added
_SAMPLE_CHARACTERS, _SAMPLE_RECORDS = 500_000, 200
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
# UTF-32 before UTF-16, since the byte order mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class TextTable:
    """A file as it was read: every value is a string, ``''`` if missing.

    ``notes`` list irregularities of the file, in counts.
    """

    frame: pd.DataFrame
    separator: str
    notes: tuple[str, ...]


def read_table(data: bytes, separator: str | None = None) -> TextTable:
    """Read a CSV file; its separator is detected if none is given.

    Raises
    ------
    InferenceError
        when it is not a table: empty, without rows, not text, or with rows longer than the header.
    """
    text, notes = _decode(_decompress(data))
    if not text.strip("\0\r\n\t "):
        raise InferenceError("csv", "the file is empty: a header and at least one row are expected")
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep=") and len(first.strip()) == 5:  # a line only Excel uses
        separator, text = separator or first[4], rest
    separator = find_separator(text) if separator is None else _checked(separator)
    header, *rows = _records(text, separator)
    if not rows:
        raise InferenceError(
            "csv",
            f"the file has a header of {len(header)} columns but no rows; nothing can be inferred",
        )
    if len(header) > MAX_COLUMNS:
        raise InferenceError(
            "csv", f"the file has {len(header)} columns; at most {MAX_COLUMNS} are allowed"
        )
    names, renamed = clean_names(header)
    notes += renamed + _fit_rows(rows, len(names))
    if all(_is_number(name) for name in header):
        notes.append("the first line holds numbers only: is it a row, and the header missing?")
    frame = pd.DataFrame(
        {name: [row[number] for row in rows] for number, name in enumerate(names)}, dtype=object
    )
    return TextTable(frame, separator, (*notes, *_remove_nul_bytes(frame, text)))


def find_separator(text: str) -> str:
    """The separator with which most of the first records have the same number of fields.

    If no separator occurs, the file has one column and the result is a comma.
    """
    return max(SEPARATORS, key=lambda separator: _score(text[:_SAMPLE_CHARACTERS], separator))


def _score(sample: str, separator: str) -> tuple[float, int]:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
    widths = [len(record) for record in islice(reader, _SAMPLE_RECORDS) if record]
    if len(widths) > 1 and len(sample) == _SAMPLE_CHARACTERS:
        widths.pop()  # the last record may be cut off
    width = widths[0]
    fitting = sum(found == width for found in widths) / len(widths)
    return (fitting, width) if width > 1 else (0.0, width)


def _checked(separator: str) -> str:
    named = {"tab": "\t", "\\t": "\t"}.get(separator.lower(), separator)
    if len(named) != 1 or named in '"\r\n\0':
        raise InferenceError(
            "separator", f"{separator!r} found, but one character such as ';' or 'tab' is expected"
        )
    return named


def _decompress(data: bytes) -> bytes:
    if data.startswith(_ZIP):
        raise InferenceError(
            "csv", "this is a zip archive (or an .xlsx workbook), not a CSV file: unpack it"
        )
    if not data.startswith(_GZIP):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise InferenceError("csv", f"the gzip file is damaged or cut short: {error}") from error


def _decode(data: bytes) -> tuple[str, list[str]]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                notes = [] if encoding == "utf-8-sig" else [f"encoding {encoding} by its BOM"]
                return data.decode(encoding), notes
            except UnicodeDecodeError as error:
                raise InferenceError(
                    "csv", f"the file begins as {encoding}, but byte {error.start} is not valid"
                ) from error
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    unreadable = text.count("\N{REPLACEMENT CHARACTER}")
    lost = f"; {unreadable:,} bytes are not valid there" if unreadable else ""
    return text, [f"the file is not UTF-8 and was read as Windows-1252 (cp1252){lost}"]


def _records(text: str, separator: str) -> Iterator[list[str]]:
    """The records, without blank lines."""
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        yield from (record for record in reader if record)
    except csv.Error as error:
        raise InferenceError(
            "csv",
            f"line {reader.line_num} cannot be read ({error}): a quote is not closed, or is"
            " inside a quoted value without being doubled",
        ) from error


def _fit_rows(rows: list[list[str]], width: int) -> list[str]:
    """Pad every row to the header's width; reject a row with more values than names."""
    short = 0
    for number, row in enumerate(rows, start=1):
        if len(row) > width:
            if any(value.strip() for value in row[width:]):
                raise InferenceError(
                    "csv",
                    f"row {number} has {len(row)} values and the header {width} names: quote"
                    " values that hold the separator, or give the right separator",
                )
            del row[width:]
        elif len(row) < width:
            row.extend([""] * (width - len(row)))
            short += 1
    return [f"{short:,} rows were shorter than the header; the rest is null"] if short else []


def _remove_nul_bytes(frame: pd.DataFrame, text: str) -> list[str]:
    """Remove NUL bytes, which PostgreSQL cannot store."""
    if "\0" not in text:
        return []
    notes = []
    for name in frame.columns:
        values: Sequence[str] = frame[name].tolist()
        found = sum(value.count("\0") for value in values)
        if found:
            frame[name] = pd.Series([value.replace("\0", "") for value in values], dtype=object)
            notes.append(f"column {name!r}: {found:,} NUL bytes removed, which no database stores")
    return notes


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
