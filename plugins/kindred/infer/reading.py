"""Read a CSV file as strings: compression, encoding, separator, header, invalid bytes."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pandas as pd

from kindred.errors import InferenceError
from kindred.infer.column_names import clean_names
from kindred.infer.file_kinds import refuse_binary, unpacked

SEPARATORS = (",", ";", "\t", "|")
MAX_COLUMNS = 1500  # PostgreSQL allows 1,600 columns per table, and a key may be added
_SAMPLE_CHARACTERS, _SAMPLE_RECORDS = 500_000, 200
_MAX_CHARACTERS = 2**20  # of a value, and of the first line
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

    ``notes`` list irregularities of the file, in counts; a sample has its first rows only.
    """

    frame: pd.DataFrame
    separator: str
    notes: tuple[str, ...]
    is_sample: bool = False


@dataclass(frozen=True)
class Bounds:
    """How much of a file is read, unpacked; if ``must_be_whole``, a larger one is refused."""

    max_bytes: int = 32 * 2**20
    max_values: int = 2_000_000
    must_be_whole: bool = False


SAMPLE = Bounds()


def read_table(data: bytes, separator: str | None = None, bounds: Bounds = SAMPLE) -> TextTable:
    """Read a CSV file, or the first rows of a large one; a separator is detected if none is given.

    Raises
    ------
    InferenceError
        when it is not a table: empty, without rows, not text, or with rows longer than the header;
        or when it is larger than is allowed.
    """
    content = unpacked(data, bounds.max_bytes)
    is_cut = len(content) > bounds.max_bytes
    if is_cut and bounds.must_be_whole:
        raise InferenceError(
            "csv",
            f"the file has more than {bounds.max_bytes // 2**20:,} MB of text, which the memory"
            " that is left does not hold: load it into a table of your own",
        )
    text, notes = _decode(content[: bounds.max_bytes], is_cut=is_cut)
    refuse_binary(text, separator)
    if not text.strip("\0\r\n\t "):
        raise InferenceError("csv", "the file is empty: a header and at least one row are expected")
    if len(text) > _MAX_CHARACTERS and not {"\n", "\r"} & set(text[:_MAX_CHARACTERS]):
        raise InferenceError("csv", "the first line is longer than 1 MB: this is no CSV file")
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep=") and len(first.strip()) == 5:  # a line only Excel uses
        separator, text = separator or first[4], rest
    separator = find_separator(text) if separator is None else _checked(separator)
    records = _records(text, separator, is_cut=is_cut)
    header = next(records, None) or []
    if len(header) > MAX_COLUMNS:
        raise InferenceError(
            "csv", f"the file has {len(header)} columns; at most {MAX_COLUMNS} are allowed"
        )
    max_rows = None if bounds.must_be_whole else bounds.max_values // max(len(header), 1)
    rows = list(islice(records, max_rows))
    is_sample = is_cut or next(records, None) is not None
    if not rows:
        raise InferenceError(
            "csv",
            f"the file has a header of {len(header)} columns but no rows; nothing can be inferred",
        )
    names, renamed = clean_names(header)
    if is_sample:
        notes.append(f"the file is large: inferred from its first {len(rows):,} rows")
    notes += renamed + _fit_rows(rows, len(names))
    if all(_is_number(name) for name in header):
        notes.append("the first line holds numbers only: is it a row, and the header missing?")
    frame = pd.DataFrame(
        {name: [row[number] for row in rows] for number, name in enumerate(names)}, dtype=object
    )
    notes += _remove_nul_bytes(frame, text)
    return TextTable(frame, separator, tuple(notes), is_sample)


def find_separator(text: str) -> str:
    """The separator with which most of the first records have the same number of fields.

    If no separator occurs, the file has one column and the result is a comma.
    """
    return max(SEPARATORS, key=lambda separator: _score(text[:_SAMPLE_CHARACTERS], separator))


def _score(sample: str, separator: str) -> tuple[float, int]:
    reader = _reader(sample, separator, strict=False)
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


def _decode(data: bytes, *, is_cut: bool) -> tuple[str, list[str]]:
    """The text, without the character in which the data was cut, and a note on the encoding."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                notes = [] if encoding == "utf-8-sig" else [f"encoding {encoding} by its BOM"]
                return _decoded(data, encoding, is_cut=is_cut), notes
            except UnicodeDecodeError as error:
                raise InferenceError(
                    "csv", f"the file begins as {encoding}, but byte {error.start} is not valid"
                ) from error
    try:
        return _decoded(data, "utf-8", is_cut=is_cut), []
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    unreadable = text.count("\N{REPLACEMENT CHARACTER}")
    lost = f"; {unreadable:,} bytes are not valid there" if unreadable else ""
    return text, [f"the file is not UTF-8 and was read as Windows-1252 (cp1252){lost}"]


def _decoded(data: bytes, encoding: str, *, is_cut: bool) -> str:
    return codecs.getincrementaldecoder(encoding)().decode(data, final=not is_cut)


def _reader(text: str, separator: str, *, strict: bool) -> Any:
    csv.field_size_limit(_MAX_CHARACTERS)
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=strict)


def _records(text: str, separator: str, *, is_cut: bool) -> Iterator[list[str]]:
    """The records, without blank lines, and without the one in which the text was cut."""
    reader = _reader(text, separator, strict=True)
    last: list[str] = []
    try:
        for record in reader:
            if last:
                yield last
            last = record
        if last and not is_cut:
            yield last
    except csv.Error as error:
        if is_cut and str(error) == "unexpected end of data":
            if last:
                yield last
            return
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
