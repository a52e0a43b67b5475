"""Read a text file as a table: its bytes become columns of texts, and notes on what was odd."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kindred.errors import InferenceError
from kindred.infer.aligned import cells_of
from kindred.infer.column_names import clean_names
from kindred.infer.columns import Column, TextColumn
from kindred.infer.file_kinds import kind_of, refuse_binary, unpacked
from kindred.infer.layout import (
    MAX_CHARACTERS,
    Layout,
    find_layout,
    find_separator,
    is_separated,
    listed,
)
from kindred.infer.odd_rows import find_odd_rows, looks_like_row
from kindred.infer.records import Rows, read_rows, replace_texts, select_rows
from kindred.infer.row_index import are_quotes_regular
from kindred.infer.text_encoding import as_utf8

MAX_COLUMNS = 20_000  # read of a file: more are no table that somebody means
_HEAD_BYTES = 2**20
# What stands for a separator of several characters: no text of people has these.
_UNITS = ("\x1f", "\x1e", "\x1d", "\x1c")
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1f]")
_PAGE_BREAK = re.compile(rb"(^|(?<=[\r\n]))\f+")
_FIRST_TEXTS = 20  # distinct texts that are looked at before all others are
_GUARDED = r"""^(?:="([^"]*)"|'([+\-=@]?\d[\d .,/()+-]*))$"""  # ="00123" and '+1 555 0100
_ESCAPED = re.compile(rb'\\(["\\])')


@dataclass(frozen=True, eq=False)
class FileTable:
    """A file as it was read: texts, or columns of a kind of file that stores types.

    ``notes`` list what was odd about it, in counts and line numbers; a sample has its first rows
    only. ``separator`` and ``encoding`` are those of a text file, otherwise empty.
    """

    columns: Sequence[TextColumn | Column]
    rows: int
    notes: tuple[str, ...]
    is_sample: bool = False
    separator: str = ""
    encoding: str = ""

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]


@dataclass(frozen=True)
class Bounds:
    """How much of a file is read, unpacked; if ``must_be_whole``, a larger one is refused."""

    max_bytes: int = 32 * 2**20
    max_values: int = 2_000_000
    must_be_whole: bool = False


SAMPLE = Bounds()


def read_table(
    data: bytes,
    separator: str | None = None,
    bounds: Bounds = SAMPLE,
    *,
    encoding: str | None = None,
) -> FileTable:
    """Read a text file, or the first rows of a large one; what is not given is detected.

    Raises
    ------
    InferenceError
        when it is not a table: empty, without rows, not text, or with rows longer than the header;
        or when it is larger than is allowed.
    """
    content = unpacked(data, bounds.max_bytes)
    kind_of(content)
    is_cut = len(content) > bounds.max_bytes
    if is_cut and bounds.must_be_whole:
        raise InferenceError(
            "csv",
            f"the file has more than {bounds.max_bytes // 2**20:,} MB of text, which the memory"
            " that is left does not hold: load it into a table of your own",
        )
    if is_cut:
        content = content[: bounds.max_bytes]
    content, encoding, notes = as_utf8(content, encoding, is_cut=is_cut)
    head = content[:_HEAD_BYTES].decode("utf-8", "ignore")
    _refuse_what_is_no_text(content, head, separator)
    content, start, separator, layout, more = _layout(content, head, separator)
    notes += more
    if len(layout.header) > MAX_COLUMNS:
        raise InferenceError(
            "csv", f"the file has {len(layout.header)} columns; at most {MAX_COLUMNS} are read"
        )
    max_rows = None if bounds.must_be_whole else bounds.max_values // max(len(layout.header), 1)
    rows = read_rows(content, start, layout, max_rows=max_rows, is_cut=is_cut)
    rows, more = _customers(rows, layout.header)
    notes += more
    if not len(rows.lines):
        raise InferenceError(
            "csv",
            f"the file has a header of {len(layout.header)} columns but no rows; nothing can be"
            " inferred",
        )
    is_sample = is_cut or rows.is_part
    if is_sample:
        notes.append(f"the file is large: inferred from its first {len(rows.lines):,} rows")
    header = [name.replace(layout.separator, separator) for name in layout.header]
    names, renamed = clean_names(header)
    notes += renamed
    if looks_like_row(rows.columns, header):
        notes.insert(0, "the first line looks like a row: is the header missing?")
    columns = []
    for name, column in zip(names, rows.columns, strict=True):
        cleaned, found = _cleaned(column, name, layout.separator, separator)
        columns.append(cleaned)
        notes += found
    return FileTable(columns, len(rows.lines), tuple(notes), is_sample, separator, encoding)


def _refuse_what_is_no_text(content: bytes, head: str, separator: str | None) -> None:
    if separator is None and _CONTROL.search(head):
        separator = find_separator(head)
    refuse_binary(head, separator)
    if not head.strip("\0\r\n\t\f ") and not content.strip(b"\0\r\n\t\f "):
        raise InferenceError("csv", "the file is empty: a header and at least one row are expected")
    if len(head) >= MAX_CHARACTERS // 2 and not re.search(rb"[\r\n]", content[:MAX_CHARACTERS]):
        raise InferenceError("csv", "the first line is longer than 1 MB: this is no CSV file")


def _layout(
    content: bytes, head: str, asked: str | None
) -> tuple[bytes, int, str, Layout, list[str]]:
    """The content made regular, the byte at which its rows start, separator, layout and notes."""
    notes: list[str] = []
    first, _, rest = head.partition("\n")
    if re.fullmatch(r"(?i)sep=.\s*", first):  # a line only Excel uses
        # The line stays, but for its text, so that lines keep their numbers.
        asked, head = asked or first[4], f"\n{rest}"
        content = content[len(first.encode()) :]
    if b"\f" in content:
        content, breaks = _PAGE_BREAK.subn(b"", content)
        head = head.replace("\f", "")
        notes += [f"{breaks:,} page breaks left out"] if breaks else []
    separator = find_separator(head) if asked is None else _checked(asked)
    if asked is None and not is_separated(head, separator):
        aligned = cells_of(content, _UNITS[0])
        if aligned is not None:
            content, how = aligned
            head, separator = content[:_HEAD_BYTES].decode("utf-8", "ignore"), _UNITS[0]
            notes.append(how)
    unit = separator
    if len(separator.encode()) > 1:
        unit = next(unit for unit in _UNITS if unit.encode() not in content)
        content = content.replace(separator.encode(), unit.encode())
        head = head.replace(separator, unit)
    layout = find_layout(head, unit)
    content, repaired = _with_regular_quotes(content, layout)
    notes += repaired
    line_ends = re.finditer(rb"\r\n|\r|\n", content)
    start = len(content)
    for _ in range(layout.first_line - 1):
        found = next(line_ends, None)
        start = len(content) if found is None else found.end()
    return content, start, separator, layout, [*notes, *layout.notes]


def _checked(separator: str) -> str:
    named = {"tab": "\t", "\\t": "\t"}.get(separator.lower(), separator)
    if not named or not named.strip(' "') or set(named) & set("\r\n\0"):
        raise InferenceError(
            "separator", f"{separator!r} found, but characters such as ';', '||' or 'tab' expected"
        )
    return named


def _with_regular_quotes(content: bytes, layout: Layout) -> tuple[bytes, list[str]]:
    r"""The content with quotes that are written otherwise, if that makes all of them regular.

    Within values they may be written ``\"``, and after values blanks may follow them.
    """
    separator = re.escape(layout.separator.encode())
    repairs = (
        (_ESCAPED, _unescaped, 'quotes within values are written \\"'),
        (re.compile(rb'"[ \t]+(?=%b|[\r\n]|\Z)' % separator), b'"', "blanks after quotes left out"),
    )
    if layout.quote == '"' and not are_quotes_regular(memoryview(content), layout):
        for pattern, replacement, note in repairs:
            repaired, count = pattern.subn(replacement, content)
            if count and (layout.skips_spaces or are_quotes_regular(memoryview(repaired), layout)):
                return repaired, [note]
    return content, []


def _unescaped(found: re.Match[bytes]) -> bytes:
    return b'""' if found[1] == b'"' else found[1]


def _customers(rows: Rows, header: list[str]) -> tuple[Rows, list[str]]:
    """The rows that are customers, and notes on all others and on those that were too short."""
    notes = []
    if rows.too_long:
        notes.append(
            f"left out, more values than the header has names: {listed(rows.too_long)}; quote"
            " values that hold the separator"
        )
    if not len(rows.lines):
        return rows, notes
    odd = find_odd_rows(rows, header)
    kept = np.ones(len(rows.lines), dtype=bool)
    for what, flags in odd.items():
        notes.append(f"left out, {what}: {listed(rows.lines[flags].tolist())}")
        kept &= ~flags
    short = rows.lines[rows.is_short & kept]
    if len(short):
        notes.append(
            f"{len(short):,} rows were shorter than the header; the rest is null"
            f" ({listed(short.tolist())})"
        )
    return select_rows(rows, kept), notes


def _are_guarded(texts: pa.StringArray) -> bool:
    """Whether all texts have the signs by which a spreadsheet keeps a value as a text."""
    filled = pc.sum(pc.not_equal(texts[:_FIRST_TEXTS], "")).as_py() or 0
    found = pc.sum(pc.match_substring_regex(texts[:_FIRST_TEXTS], _GUARDED)).as_py() or 0
    if not 0 < filled == found:
        return False
    is_guarded = pc.or_(pc.match_substring_regex(texts, _GUARDED), pc.equal(texts, ""))
    return bool(pc.all(is_guarded).as_py())


def _cleaned(
    column: TextColumn, name: str, unit: str, separator: str
) -> tuple[TextColumn, list[str]]:
    """A column by its final name, with its separators back and without NUL bytes."""
    texts, notes = column.texts, []
    if unit != separator and pc.any(pc.match_substring(texts, unit)).as_py():
        texts = pc.replace_substring(texts, pattern=unit, replacement=separator)
    if _are_guarded(texts):
        texts = pc.replace_substring_regex(texts, _GUARDED, r"\1\2")
        notes.append(f'column {name!r}: values are written as texts of a spreadsheet, such as ="…"')
    nuls = pc.count_substring(texts, "\0").to_numpy()
    if nuls.any():
        texts = pc.replace_substring(texts, pattern="\0", replacement="")
        found = int(nuls @ column.counts)
        notes.append(f"column {name!r}: {found:,} NUL bytes removed, which no database stores")
    if texts is column.texts:
        return TextColumn(name, texts, column.codes), notes
    return replace_texts(TextColumn(name, texts, column.codes), texts), notes
