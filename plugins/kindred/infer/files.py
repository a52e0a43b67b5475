"""Turn a file and the given roles of its columns into typed columns that can be loaded."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kindred.errors import InferenceError
from kindred.infer.column_reader import AMBIGUOUS
from kindred.infer.columns import Column, SqlType, TextColumn, limited, whole
from kindred.infer.conventions import Conventions, read_conventions
from kindred.infer.event_choice import Choice
from kindred.infer.event_roles import find_customer
from kindred.infer.file_kinds import Kind, is_archive, is_parquet, kind_of, unpacked
from kindred.infer.plain_values import as_arrow
from kindred.infer.proposal import Evidence, Roles, no_such_column
from kindred.infer.reading import SAMPLE, Bounds, FileTable, read_table
from kindred.infer.records import replace_texts
from kindred.infer.stored_files import WHOLE_WORKBOOK, read_parquet, workbook_text
from kindred.infer.typed_values import (
    as_key,
    moment_texts,
    read_column,
    read_key,
    without_sentinels,
)
from kindred.progress.steps import counted, step

ROW_NUMBER = "row_number"
_FIRST_BYTES = Bounds(max_bytes=16)


def read_csv(
    source: Path | bytes,
    roles: Roles,
    separator: str | None = None,
    bounds: Bounds = SAMPLE,
    **options: str | None,
) -> Evidence:
    """The typed columns of a file; ``row_number`` is added if it is the key.

    ``options`` are those of :func:`open_table`.

    Raises
    ------
    InferenceError
        when the file is not a table, or a named column is missing or unfit for its role.
    """
    return evidence_of(open_table(source, separator, bounds, **options), roles)


def evidence_of(table: FileTable, roles: Roles) -> Evidence:
    """The typed columns of a file that has been read.

    Raises
    ------
    InferenceError
        when a named column is missing or unfit for its role.
    """
    _check_names(roles, table)
    texts = [column for column in table.columns if isinstance(column, TextColumn)]
    conventions = read_conventions(texts, table.separator)
    columns = [
        _read(column, roles, conventions)
        for column in counted("reading columns", table.columns, "columns")
    ]
    if roles.key == ROW_NUMBER and ROW_NUMBER not in table.names:
        columns.insert(0, _row_number(table.rows))
    notes = (*table.notes, conventions.line) if conventions.line else table.notes
    # Arrow keeps what it has used: of a file of 200 MB as much again as the columns need.
    pa.default_memory_pool().release_unused()
    return Evidence(columns, is_sample=table.is_sample, notes=notes)


def read_events(
    source: Path | bytes,
    keys: Column | None,
    asked: str | None = None,
    bounds: Bounds = SAMPLE,
    *,
    separator: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> tuple[Evidence, Choice]:
    """The typed columns of a file of events, and the one with the customer.

    ``keys``: the key of the customers, None if there is no file of them; ``asked``: the column that
    a person has named. Keys of customers are kept as they are written, but for a ``.0`` that all
    of them have.

    They are texts if those of the customers are.

    Raises
    ------
    InferenceError
        when the file is not a table, or no column can be the customer.
    """
    table = open_table(source, separator, bounds, encoding=encoding, sheet=sheet)
    evidence = evidence_of(table, Roles(ROW_NUMBER))
    if ROW_NUMBER not in table.names:
        evidence = replace(evidence, columns=evidence.columns[1:])
    customer = find_customer(evidence, keys, asked)
    texts = next(column for column in table.columns if column.name == customer.column)
    key = as_key(texts) if isinstance(texts, TextColumn) else texts
    if keys is not None and keys.type == SqlType.TEXT:
        key = replace(key, type=SqlType.TEXT, values=key.texts, numbers=None)
    columns = [key if c.name == key.name else _timed(c) for c in evidence.columns]
    return replace(evidence, columns=columns), customer


def _timed(column: Column) -> Column:
    """Dates among which some are none as times, so that only the events of those are rejected."""
    if not column.is_dated:
        return column
    times = pa.concat_arrays(
        [as_arrow(column.times, SqlType.TIMESTAMPTZ), pa.nulls(1, pa.timestamp("us", "UTC"))]
    )
    note = f"{column.odd:,} values that are no times are null"
    return Column.of_texts(
        column.name, SqlType.TIMESTAMPTZ, times, column.codes, notes=(*column.notes, note)
    )


def open_table(
    source: Path | bytes,
    separator: str | None = None,
    bounds: Bounds = SAMPLE,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
) -> FileTable:
    """Read a file of any kind that holds a table; what is not given is detected.

    Raises
    ------
    InferenceError
        when it is no table, or larger than is allowed, or an option does not apply to its kind.
    """
    with step("reading the file"):
        return _opened(source, separator, bounds, encoding, sheet)


def _opened(
    source: Path | bytes,
    separator: str | None,
    bounds: Bounds,
    encoding: str | None,
    sheet: str | None,
) -> FileTable:
    data = _content(source, bounds)
    kind = kind_of(data)
    given = {"separator": separator, "encoding": encoding, "sheet": sheet}
    applies = {Kind.TEXT: ("separator", "encoding"), Kind.WORKBOOK: ("sheet",)}.get(kind, ())
    for option, value in given.items():
        if value is not None and option not in applies:
            raise InferenceError(option, f"{value!r} found, but a {kind} file has no {option}")
    if kind is Kind.PARQUET:
        if isinstance(source, bytes):
            return read_parquet(io.BytesIO(source), bounds)
        with source.open("rb") as file:
            return read_parquet(file, bounds)
    if kind is Kind.TEXT:
        return read_table(data, separator, bounds, encoding=encoding)
    text, notes = workbook_text(data, sheet, bounds)
    table = read_table(text, ",", bounds, encoding="utf-8")
    return replace(table, notes=(*notes, *table.notes), separator="")


def read_file(path: Path, bounds: Bounds) -> bytes:
    """The bytes of a file, at most one more than may be read of it.

    Raises
    ------
    InferenceError
        when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            # As much memory as is asked for is set aside at once, so no more than the file has.
            size = path.stat().st_size if path.is_file() else bounds.max_bytes
            return file.read(min(size, bounds.max_bytes) + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InferenceError("csv", f"{path} cannot be read: {reason}") from error


def _content(source: Path | bytes, bounds: Bounds) -> bytes:
    """The beginning of a file, unpacked; all of a workbook, whose names are at its end.

    Of a Parquet file only what tells its kind: its reader reads the file itself.
    """
    if isinstance(source, Path) and source.is_file():  # what is read of a pipe is gone
        first = read_file(source, _FIRST_BYTES)
        if is_parquet(first):
            return first
    data = source if isinstance(source, bytes) else read_file(source, bounds)
    if not is_archive(data):
        return unpacked(data, bounds.max_bytes)
    if isinstance(source, Path) and len(data) > bounds.max_bytes:
        data = read_file(source, WHOLE_WORKBOOK)
    if len(data) > max(WHOLE_WORKBOOK.max_bytes, bounds.max_bytes):
        raise InferenceError("csv", "the workbook or archive is too large: export it as CSV")
    return data


def _check_names(roles: Roles, table: FileTable) -> None:
    names = table.names
    known = {*names, ROW_NUMBER}
    hint = ""
    if len(names) == 1 and table.separator:
        hint = f"; is {table.separator!r} the separator? Give the right one (SEP=';')"
    for role, name in roles.named:
        if name not in known:
            raise no_such_column(role, name, names, hint)


def _read(column: TextColumn | Column, roles: Roles, conventions: Conventions) -> Column:
    if isinstance(column, Column):
        return _read_stored(column, roles, conventions)
    if column.name == roles.key:
        return read_key(column)
    if column.name == roles.updated_at:
        return _read_updated_at(column, conventions)
    return read_column(column, conventions)


def _read_stored(column: Column, roles: Roles, conventions: Conventions) -> Column:
    """A column of a file that stores types: whole numbers may be dates, as in text files."""
    if column.name == roles.updated_at and not column.is_temporal:
        return _read_updated_at(_as_texts(column), conventions)
    if column.numbers is not None and whole(column.numbers) and column.name != roles.key:
        read = read_column(_as_texts(column), conventions)
        if read.is_temporal:
            return read
    if column.numbers is not None:
        column = limited(column, column.numbers)
    return column if column.name in roles.of_rows else without_sentinels(column)


def _as_texts(column: Column) -> TextColumn:
    """A column as a text file would have it, whole numbers without a point."""
    texts = column.texts
    if column.numbers is not None and whole(column.numbers):
        plain = pc.cast(pc.cast(column.values, pa.int64(), safe=False), pa.string())
        texts = pc.if_else(pa.array(np.isfinite(column.numbers)), plain, "")
    texts = pa.concat_arrays([texts, pa.array([""])])
    codes = np.where(column.codes < 0, np.int32(column.distinct), column.codes)
    return replace_texts(TextColumn(column.name, texts, codes), texts)


def _row_number(rows: int) -> Column:
    numbers = np.arange(1, rows + 1)
    codes = np.arange(rows, dtype=np.int32)
    return Column(ROW_NUMBER, SqlType.BIGINT, pa.array(numbers), codes, numbers.astype("f8"))


def _read_updated_at(texts: TextColumn, conventions: Conventions) -> Column:
    column = read_column(texts, conventions, is_updated_at=True)
    name = repr(texts.name)
    if column.is_temporal and not column.is_dated:
        return column
    if AMBIGUOUS in column.notes:
        raise InferenceError("updated_at", f"column {name} has {AMBIGUOUS}; write 2026-03-31")
    wanted = "values such as 2026-03-31 or 2026-03-31T23:59:00Z are expected"
    is_none = np.isnat(column.times) if column.is_dated else ~moment_texts(texts)
    codes = column.codes if column.is_dated else texts.codes
    rows = np.flatnonzero(np.append(is_none, False)[codes])
    where = (
        f"row {rows[0] + 1} is the first without one"
        if len(rows)
        else "they are of several formats"
    )
    raise InferenceError(
        "updated_at", f"column {name} cannot be read as dates or times: {where}; {wanted}"
    )


def newest_moment(column: Column, timezone: str = "UTC") -> datetime | None:
    """The latest time of a column in UTC; a date stands for its midnight in UTC.

    ``timezone`` applies to times without one.
    """
    known = column.times[~np.isnat(column.times)]
    if not len(known):
        return None
    zone = ZoneInfo(timezone) if column.type == SqlType.TIMESTAMP else UTC
    # The latest may differ by zone only in the hour that a clock repeats.
    latest: datetime = known.max().astype("datetime64[us]").item()
    return latest.replace(tzinfo=zone).astimezone(UTC)
