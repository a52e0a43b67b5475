"""Read Parquet files and workbooks (.xlsx, .xls, .ods), which store types, as columns."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from itertools import islice
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from kindred.errors import InferenceError
from kindred.infer.column_names import clean_names
from kindred.infer.columns import Column, SqlType, TextColumn
from kindred.infer.reading import Bounds, FileTable

_TOO_LARGE = (
    "the file has more than {:,} MB of values, which the memory that is left does not hold: load it"
    " into a table of your own"
)
_LARGEST_WHOLE = 2.0**53  # a workbook stores numbers as floats, which hold whole ones up to here
WHOLE_WORKBOOK = Bounds(2**28)  # a workbook is read whole, be it for a sample
_MICROSECONDS_PER_HOUR = 3.6e9
_STORED = {
    **{SqlType.BIGINT: pa.int64(), SqlType.DOUBLE: pa.float64()},
    **{SqlType.DATE: pa.date32(), SqlType.BOOLEAN: pa.bool_()},
}
_HAS_DIGIT = re.compile(r"\d").search
_IS_AMOUNT = re.compile(r"\s*[-+(]?\s*[$€£]?\s*\d[\d.,' ]*\s*[-)%$€£]?\s*").fullmatch
_MAX_OTHERS = 0.01  # other texts with digits per number, such as 8.5 - 9, of sizes
_MORE_ROWS = 100  # of a sample, for lines before the header, and to see that rows follow


def read_parquet(source: IO[bytes], bounds: Bounds) -> FileTable:
    """The columns of a Parquet file, or its first rows.

    Columns of lists, structs and other types that are no single values are left out, and named.

    Raises
    ------
    InferenceError
        when it is damaged, has no rows, or is larger than is allowed.
    """
    try:
        file = parquet.ParquetFile(source)
        fields = [file.schema_arrow.field(number) for number in range(len(file.schema_arrow))]
        usable = [field for field in fields if _sql_type(field.type) is not None]
        groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
        size = sum(group.total_byte_size for group in groups)
        if bounds.must_be_whole and size > bounds.max_bytes:
            raise InferenceError("csv", _TOO_LARGE.format(bounds.max_bytes // 2**20))
        total = file.metadata.num_rows
        max_rows = total if bounds.must_be_whole else bounds.max_values // max(len(usable), 1)
        table = _first_rows(file, [field.name for field in usable], min(max_rows, total))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise InferenceError("csv", f"the Parquet file cannot be read: {error}") from error
    if not table.num_rows or not usable:
        raise InferenceError("csv", "the Parquet file has no rows, or no column that can be read")
    names, notes = clean_names([field.name for field in usable])
    notes += [
        f"column {field.name!r} is left out: it is of type {field.type}, not of single values;"
        " turn it into columns"
        for field in fields
        if field not in usable
    ]
    if table.num_rows < total:
        notes.append(f"the file is large: inferred from its first {table.num_rows:,} rows")
    columns = [_stored(name, table.column(number)) for number, name in enumerate(names)]
    return FileTable(columns, table.num_rows, tuple(notes), is_sample=table.num_rows < total)


def _first_rows(file: parquet.ParquetFile, names: Sequence[str], count: int) -> pa.Table:
    batches: list[pa.RecordBatch] = []
    left = count
    for batch in file.iter_batches(columns=names, batch_size=65_536):
        batches.append(batch.slice(0, left))
        left -= len(batches[-1])
        if left <= 0:
            break
    kept = pa.schema([file.schema_arrow.field(name) for name in names])
    return pa.Table.from_batches(batches, kept) if batches else kept.empty_table()


def _sql_type(kind: pa.DataType) -> SqlType | None:
    """The type of a column in PostgreSQL; None if its values are not single ones."""
    if pa.types.is_dictionary(kind):
        return _sql_type(kind.value_type)
    rules = (
        (pa.types.is_boolean, SqlType.BOOLEAN),
        (pa.types.is_integer, SqlType.BIGINT),
        (pa.types.is_floating, SqlType.DOUBLE),
        (pa.types.is_decimal, SqlType.DOUBLE),
        (pa.types.is_duration, SqlType.DOUBLE),
        (pa.types.is_date, SqlType.DATE),
        (pa.types.is_string, SqlType.TEXT),
        (pa.types.is_large_string, SqlType.TEXT),
        (pa.types.is_string_view, SqlType.TEXT),
        (pa.types.is_time, SqlType.TEXT),
        (pa.types.is_null, SqlType.TEXT),
    )
    if pa.types.is_timestamp(kind):
        return SqlType.TIMESTAMP if kind.tz is None else SqlType.TIMESTAMPTZ
    return next((sql_type for is_kind, sql_type in rules if is_kind(kind)), None)


def _stored(name: str, values: pa.ChunkedArray) -> Column | TextColumn:
    """A column of Parquet in the types of a database."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    sql_type = _sql_type(values.type) or SqlType.TEXT
    if pa.types.is_uint64(values.type) and (pc.max(values).as_py() or 0) >= 2**63:
        sql_type = SqlType.TEXT  # more digits than a bigint holds: an id
    if sql_type == SqlType.TEXT:
        texts = values.cast(pa.string()).fill_null("").combine_chunks().dictionary_encode()
        found: pa.StringArray = texts.dictionary
        return TextColumn(name, found, texts.indices.to_numpy())
    if sql_type in (SqlType.TIMESTAMP, SqlType.TIMESTAMPTZ):
        values = values.cast(pa.timestamp("us", tz=values.type.tz and "UTC"), safe=False)
    elif pa.types.is_duration(values.type):
        micros = values.cast(pa.duration("us"), safe=False).cast(pa.int64())
        values = pc.divide(micros.cast(pa.float64(), safe=False), _MICROSECONDS_PER_HOUR)
    else:
        values = values.cast(_STORED[sql_type])
    return as_column(name, sql_type, values.combine_chunks())


def as_column(name: str, sql_type: SqlType, values: pa.Array) -> Column:
    """A column of the values of its rows (rows,), null where missing."""
    encoded = values.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy().astype(np.int32)
    numbers = None
    if sql_type in (SqlType.BIGINT, SqlType.DOUBLE):
        numbers = encoded.dictionary.cast(pa.float64(), safe=False).to_numpy()
    return Column(name, sql_type, encoded.dictionary, codes, numbers)


def workbook_text(data: bytes, sheet: str | None, bounds: Bounds) -> tuple[bytes, list[str]]:
    """A sheet of a workbook as CSV in UTF-8, a line per row, and a note on which one it is.

    The sheet is the named one, or the first that has a table. The numbers of a column are written
    without a decimal sign, as 12345e-1: they say nothing of how cells of text write theirs.

    Raises
    ------
    InferenceError
        when the package that reads workbooks is not installed; when the workbook is damaged or
        protected by a password, or has no such sheet.
    """
    try:
        import python_calamine as calamine
    except ImportError as error:
        raise InferenceError(
            "csv",
            "this is a workbook, and the package that reads it is not installed: install"
            " 'kindred[excel]' (python-calamine), or export the sheet as CSV",
        ) from error
    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = list(workbook.sheet_names)
        if sheet is not None and sheet not in names:
            found = ", ".join(map(repr, names))
            raise InferenceError("sheet", f"there is no sheet {sheet!r}; the sheets are {found}")
        sheets = (workbook.get_sheet_by_name(name) for name in ([sheet] if sheet else names))
        chosen = None
        for one in sheets:  # a cover has one column, where another sheet has a table
            if one.height > 1 and (chosen is None or one.width > 1):
                chosen = one
                if one.width > 1:
                    break
        if chosen is None:
            raise InferenceError("csv", "the workbook has no sheet with a header and rows")
        max_rows = chosen.height
        if not bounds.must_be_whole:
            max_rows = bounds.max_values // max(chosen.width, 1) + _MORE_ROWS
        rows = list(islice(chosen.iter_rows(), max_rows))
        text = io.StringIO(newline="")
        text.write("\n" * (chosen.start or (0, 0))[0])  # so that lines are numbered as rows
        csv.writer(text, lineterminator="\n").writerows(_as_texts(rows))
    except calamine.CalamineError as error:
        raise InferenceError(
            "csv", f"the workbook cannot be read ({error}): export the sheet as CSV"
        ) from error
    note = f"sheet {chosen.name!r} is read"
    others = ", ".join(repr(name) for name in names if name != chosen.name)
    return text.getvalue().encode("utf-8", "replace"), [f"{note}, not {others}"] if others else []


def _as_texts(rows: Sequence[Sequence[Any]]) -> Iterator[list[str]]:
    are_numbers = [_are_numbers(cells) for cells in zip(*rows, strict=True)]
    for cells in rows:
        yield [
            cell if isinstance(cell, str) else _as_text(cell, in_numbers=in_numbers)
            for cell, in_numbers in zip(cells, are_numbers, strict=True)
        ]


def _are_numbers(cells: Sequence[Any]) -> bool:
    """Whether the cells of a column are numbers, but for a name, markers and amounts as texts."""
    texts = [cell for cell in cells if isinstance(cell, str) and cell.strip()]
    amounts = sum(_IS_AMOUNT(cell) is not None for cell in texts)
    amounts += sum(isinstance(cell, float) for cell in cells)
    others = sum(_HAS_DIGIT(cell) is not None and not _IS_AMOUNT(cell) for cell in texts)
    return 2 * amounts >= len(cells) - cells.count("") and others <= 1 + _MAX_OTHERS * amounts


def _as_text(cell: object, *, in_numbers: bool = False) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        if cell.is_integer() and abs(cell) < _LARGEST_WHOLE:
            return str(int(cell))
        return _without_sign(repr(cell)) if in_numbers else repr(cell)
    if isinstance(cell, timedelta):
        return f"PT{cell.total_seconds()}S"
    if isinstance(cell, datetime):
        return str(cell.date()) if cell.time() == time() else str(cell)
    return str(cell)


def _without_sign(number: str) -> str:
    """A number such as 12.5 as 125e-1, which shows no decimal sign.

    >>> _without_sign("-0.05"), _without_sign("1e-05")
    ('-5e-2', '1e-05')
    """
    whole, _, fraction = number.partition(".")
    if not fraction.isdigit():
        return number
    minus = "-" if whole.startswith("-") else ""
    return f"{minus}{int(whole.lstrip('-') + fraction)}e-{len(fraction)}"
