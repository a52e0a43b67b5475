"""Read the rows of a text file into columns, each as its distinct texts with codes.

Where quotes are regular, rows as wide as the header are read by Arrow's parser. All others are read
record by record by Python's ``csv``, in blocks, which is exact for all files and takes some five
times as long. Both read the same.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from kindred.errors import InferenceError
from kindred.infer.columns import TextColumn
from kindred.infer.layout import Layout, Record, read_records
from kindred.infer.row_index import are_quotes_regular, index_rows

BLOCK_BYTES = 2**23
_BLOCK_VALUES = 100_000  # values of a block of Python's reader: Python objects, for a moment
_MAX_BLOCK_BYTES = 2**31 - 2  # Arrow counts the bytes of a block in 32 bits
_MAX_IRREGULAR_SHARE = 0.1  # of rows, above which all are read by Python's reader
MAX_REFUSED_SHARE = 0.01  # of rows with more values than names, above which the file is refused

Lines = NDArray[np.int64]


@dataclass(eq=False)
class Rows:
    """The rows of a file.

    Attributes
    ----------
    columns : list of TextColumn
        One per name of the header.
    lines : int64 array of shape (rows,)
        The line at which each row begins, from 1.
    is_short : bool array of shape (rows,)
        The rows that had fewer values than the header has names.
    too_long : list of int
        The lines of rows that had more values than names: they are left out.
    is_part : bool
        Whether rows follow that were not read.
    """

    columns: list[TextColumn]
    lines: Lines
    is_short: NDArray[np.bool_]
    too_long: list[int] = field(default_factory=list)
    is_part: bool = False


def read_rows(
    content: bytes, start: int, layout: Layout, *, max_rows: int | None, is_cut: bool
) -> Rows:
    """The rows of a file in UTF-8; those begin at byte ``start``.

    ``max_rows`` bounds their number; content that was cut may end in half a row.

    Raises
    ------
    InferenceError
        when a quote is not closed, or too many rows have more values than the header has names.
    """
    if max_rows is None and not is_cut:
        rows = read_regular(content, start, len(content), layout)
        if rows is not None:
            return rows
    return read_any(content[start:], layout, layout.first_line, max_rows=max_rows, is_cut=is_cut)


def read_regular(
    content: bytes, start: int, end: int, layout: Layout, block_bytes: int = BLOCK_BYTES
) -> Rows | None:
    """The rows between two bytes, by Arrow's parser where they are as wide as the header.

    None if quotes do not enclose whole values, or many rows have another width.
    """
    if layout.skips_spaces or b"\0" in content:
        return None
    has_quotes = content.find(layout.quote.encode(), start, end) >= 0
    if has_quotes and not are_quotes_regular(memoryview(content)[start:end], layout):
        return None
    index = index_rows(content, start, end, layout, quoted=has_quotes)
    is_regular = index.widths == len(layout.header)
    if is_regular.sum() < (1 - _MAX_IRREGULAR_SHARE) * len(is_regular):
        return None
    body: bytes | memoryview = memoryview(content)[start:end]
    others = b""
    if not is_regular.all():
        body, others = (
            _only(content, index.starts, index.ends, f) for f in (is_regular, ~is_regular)
        )
    if index.has_inner_breaks and content.find(b"\r\n", start, end) >= 0:
        # Where a block ends between a quoted carriage return and newline, Arrow loses the latter.
        block_bytes = len(body) + 1
    if block_bytes > _MAX_BLOCK_BYTES:
        return None
    columns = _parsed(body, layout, block_bytes, quoted=has_quotes)
    if columns is None or len(columns[0].codes) != is_regular.sum():
        return None
    lines = index.lines[is_regular]
    rows = Rows(columns, lines, np.zeros(len(lines), dtype=bool))
    if others:
        odd_lines = index.lines[~is_regular].tolist()
        return _merged(rows, read_any(others, layout, 1, lines=odd_lines, others=len(lines)))
    return rows


def _only(content: bytes, starts: Lines, ends: Lines, chosen: NDArray[np.bool_]) -> bytes:
    """Some of the rows; those one after the other are copied together."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]])))
    runs = zip(starts[edges[::2]].tolist(), ends[edges[1::2] - 1].tolist(), strict=True)
    return b"".join(content[start:end] for start, end in runs)


def _parsed(
    body: bytes | memoryview, layout: Layout, block_bytes: int, *, quoted: bool
) -> list[TextColumn] | None:
    """The columns of regular rows; None if Arrow refuses them."""
    names = [str(number) for number in range(len(layout.header))]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(pa.py_buffer(body)),
            read_options=arrow_csv.ReadOptions(column_names=names, block_size=block_bytes),
            parse_options=arrow_csv.ParseOptions(
                delimiter=layout.separator,
                quote_char=layout.quote if quoted else False,
                newlines_in_values=quoted,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.dictionary(pa.int32(), pa.string())),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    columns = []
    for name in layout.header:
        columns.append(_column(name, table.column(0)))
        table = table.remove_column(0) if table.num_columns > 1 else table
    return columns


def read_any(
    content: bytes,
    layout: Layout,
    first_line: int,
    *,
    max_rows: int | None = None,
    is_cut: bool = False,
    lines: Sequence[int] | None = None,
    others: int = 0,
) -> Rows:
    """The rows of content that begins with line ``first_line``, by Python's ``csv``.

    ``lines``: the lines of the rows, if they do not follow each other; ``others``: how many rows
    the file has besides.
    """
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")
    width = len(layout.header)
    builder = _Builder(width, others)
    records = _whole(read_records(text, layout, first_line=first_line), is_cut=is_cut)
    if lines is not None:
        records = ((line, record) for line, (_, record) in zip(lines, records, strict=True))
    size = max(1, min(_BLOCK_VALUES // width, max_rows or _BLOCK_VALUES))
    while block := list(islice(records, size)):
        builder.add(block)
        if max_rows is not None and len(builder.lines) >= max_rows:
            break
    rows = builder.rows(layout.header)
    if max_rows is None or len(rows.lines) < max_rows:
        return rows
    return first_rows(rows, max_rows, has_more=next(records, None) is not None)


def _whole(
    records: Iterator[tuple[int, int, Record]], *, is_cut: bool
) -> Iterator[tuple[int, Record]]:
    """The records but blank lines, and without the one in which the content was cut."""
    last: tuple[int, Record] | None = None
    try:
        for line, _, record in records:
            if not record:
                continue
            if last is not None:
                yield last
            last = line, record
    except InferenceError:
        if not is_cut:
            raise
        is_cut = False  # the record that could not be read is the one that was cut
    if last is not None and not is_cut:
        yield last


def first_rows(rows: Rows, count: int, *, has_more: bool = False) -> Rows:
    """The first rows of some."""
    kept = np.arange(len(rows.lines)) < count
    found = select_rows(rows, kept)
    found.is_part = has_more or len(rows.lines) > count
    return found


def select_rows(rows: Rows, kept: NDArray[np.bool_]) -> Rows:
    """Some of the rows; texts that only others have are left out."""
    if kept.all():
        return rows
    columns = []
    for column in rows.columns:
        codes = column.codes[kept]
        used = np.bincount(codes, minlength=len(column.texts)) > 0
        renumbered = (np.cumsum(used) - 1).astype(np.int32)
        texts = column.texts.filter(pa.array(used))
        columns.append(TextColumn(column.name, texts, renumbered[codes]))
    return Rows(columns, rows.lines[kept], rows.is_short[kept], rows.too_long, rows.is_part)


def replace_texts(column: TextColumn, texts: pa.StringArray) -> TextColumn:
    """A column with other texts (distinct,), of which some may have become equal."""
    merged = texts.dictionary_encode()
    return TextColumn(column.name, merged.dictionary, merged.indices.to_numpy()[column.codes])


class _Builder:
    """Collects blocks of records as columns."""

    def __init__(self, width: int, others: int) -> None:
        self._width = width
        self._blocks: list[list[pa.DictionaryArray]] = [[] for _ in range(width)]
        self.lines: list[int] = []
        self._is_short: list[bool] = []
        self._too_long: list[int] = []
        self._total = others

    def add(self, numbered: Iterable[tuple[int, Record]]) -> None:
        width, kept = self._width, []
        for line, record in numbered:
            self._total += 1
            found = len(record)
            if found > width:
                if any(value.strip() for value in record[width:]):
                    self._too_long.append(line)
                    self._check(line, found)
                    continue
                del record[width:]
            elif found < width:
                record += [""] * (width - found)
            kept.append(record)
            self.lines.append(line)
            self._is_short.append(found < width)
        for blocks, values in zip(self._blocks, zip(*kept, strict=True), strict=False):
            blocks.append(pa.array(values, pa.string()).dictionary_encode())

    def _check(self, line: int, found: int) -> None:
        """Refuse the file if it has too many such rows, as soon as that is sure."""
        if self._total < 1000 and len(self._too_long) < 10:
            return
        self.refuse_if_too_long(line, found)

    def refuse_if_too_long(self, line: int, found: int) -> None:
        if len(self._too_long) <= MAX_REFUSED_SHARE * self._total:
            return
        raise InferenceError(
            "csv",
            f"line {line:,} has {found} values and the header {self._width} names, as have"
            f" {len(self._too_long):,} of {self._total:,} rows: quote values that hold the"
            " separator, give the right separator, add names that the header lacks, or delete lines"
            " before the header",
        )

    def rows(self, header: Sequence[str]) -> Rows:
        if self._too_long:
            self.refuse_if_too_long(self._too_long[0], self._width + 1)
        columns = [
            _column(name, pa.chunked_array(blocks, pa.dictionary(pa.int32(), pa.string())))
            for name, blocks in zip(header, self._blocks, strict=True)
        ]
        lines = np.array(self.lines, dtype=np.int64)
        return Rows(columns, lines, np.array(self._is_short, dtype=bool), self._too_long)


def _column(name: str, blocks: pa.ChunkedArray) -> TextColumn:
    """A column of blocks that have a dictionary each."""
    merged = blocks.unify_dictionaries().combine_chunks()
    if isinstance(merged, pa.ChunkedArray):
        merged = merged.chunk(0)
    return TextColumn(name, merged.dictionary, merged.indices.to_numpy())


def _merged(rows: Rows, more: Rows) -> Rows:
    """All rows in the order of their lines."""
    lines = np.concatenate([rows.lines, more.lines])
    order = np.argsort(lines, kind="stable")
    columns = []
    for one, other in zip(rows.columns, more.columns, strict=True):
        parts = [
            pa.DictionaryArray.from_arrays(pa.array(part.codes), part.texts)
            for part in (one, other)
        ]
        both = _column(one.name, pa.chunked_array(parts))
        columns.append(TextColumn(one.name, both.texts, both.codes[order]))
    is_short = np.concatenate([rows.is_short, more.is_short])[order]
    return Rows(columns, lines[order], is_short, rows.too_long + more.too_long)
