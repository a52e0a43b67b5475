"""Turn a CSV file and the given roles of its columns into typed columns that can be loaded."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from kindred.errors import InferenceError
from kindred.infer.column_reader import AMBIGUOUS
from kindred.infer.columns import Column, SqlType, TextColumn
from kindred.infer.conventions import Conventions, read_conventions
from kindred.infer.proposal import Evidence, Roles, no_such_column
from kindred.infer.reading import SAMPLE, Bounds, TextTable, read_table
from kindred.infer.typed_values import moment_texts, read_column, read_key

ROW_NUMBER = "row_number"


def read_csv(
    data: bytes, roles: Roles, separator: str | None = None, bounds: Bounds = SAMPLE
) -> Evidence:
    """The typed columns of a CSV file; ``row_number`` is added if it is the key.

    Raises
    ------
    InferenceError
        when the file is not a table, or a named column is missing or unfit for its role.
    """
    table = read_table(data, separator, bounds)
    names = [str(name) for name in table.frame.columns]
    _check_names(roles, names, table)
    texts = [_text_column(name, table.frame[name].tolist()) for name in names]
    conventions = read_conventions(texts, table.separator)
    columns = [_read(column, roles, conventions) for column in texts]
    if roles.key == ROW_NUMBER and ROW_NUMBER not in names:
        columns.insert(0, _row_number(len(table.frame)))
    notes = (*table.notes, conventions.line) if conventions.line else table.notes
    return Evidence(columns, is_sample=table.is_sample, notes=notes)


def _text_column(name: str, texts: list[str]) -> TextColumn:
    found = pa.array(texts, pa.string()).dictionary_encode()
    return TextColumn(name, found.dictionary, found.indices.to_numpy(zero_copy_only=False))


def _check_names(roles: Roles, names: Sequence[str], table: TextTable) -> None:
    known = {*names, ROW_NUMBER}
    hint = ""
    if len(names) == 1:
        hint = f"; is {table.separator!r} the separator? Give the right one (SEP=';')"
    for role, name in roles.named:
        if name not in known:
            raise no_such_column(role, name, names, hint)


def _read(column: TextColumn, roles: Roles, conventions: Conventions) -> Column:
    if column.name == roles.key:
        return read_key(column)
    if column.name == roles.updated_at:
        return _read_updated_at(column, conventions)
    return read_column(column, conventions)


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
