"""Turn a CSV file and the given roles of its columns into typed columns that can be loaded."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from kindred.errors import InferenceError
from kindred.infer.columns import Column, SqlType
from kindred.infer.moments import AmbiguousMoments, read_compact_dates, read_moments
from kindred.infer.proposal import Evidence, Roles, no_such_column
from kindred.infer.reading import SAMPLE, Bounds, TextTable, read_table
from kindred.infer.typed_values import AMBIGUOUS, read_column, read_key

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
    columns = [_read(name, table.frame[name].tolist(), roles, table.separator) for name in names]
    if roles.key == ROW_NUMBER and ROW_NUMBER not in names:
        columns.insert(0, _row_number(len(table.frame)))
    return Evidence(columns, is_sample=table.is_sample, notes=table.notes)


def _check_names(roles: Roles, names: Sequence[str], table: TextTable) -> None:
    known = {*names, ROW_NUMBER}
    hint = ""
    if len(names) == 1:
        hint = f"; is {table.separator!r} the separator? Give the right one (SEP=';')"
    for role, name in roles.named:
        if name not in known:
            raise no_such_column(role, name, names, hint)


def _read(name: str, texts: list[str], roles: Roles, separator: str) -> Column:
    if name == roles.key:
        return read_key(name, texts)
    if name == roles.updated_at:
        return _read_updated_at(name, texts)
    return read_column(name, texts, decimal_comma=separator == ";")


def _row_number(rows: int) -> Column:
    numbers = np.arange(1, rows + 1)
    return Column(ROW_NUMBER, SqlType.BIGINT, numbers.astype(object), numbers.astype("f8"))


def _read_updated_at(name: str, texts: list[str]) -> Column:
    column = read_column(name, texts)
    if column.is_temporal:
        return column
    if AMBIGUOUS in column.notes:
        raise InferenceError("updated_at", f"column {name!r} has {AMBIGUOUS}; write 2026-03-31")
    days = read_compact_dates([str(value) for value in column.values if value is not None])
    if days is None:
        raise InferenceError("updated_at", _why_not_moments(name, texts))
    values = column.values.copy()
    values[[value is not None for value in values]] = days
    return Column(name, SqlType.DATE, values)


def _why_not_moments(name: str, texts: list[str]) -> str:
    wanted = "values such as 2026-03-31 or 2026-03-31T23:59:00Z are expected"
    for number, text in enumerate(texts, start=1):
        try:
            if text.strip() and read_moments([text.strip()]) is None:
                return (
                    f"column {name!r} cannot be read as dates or times: row {number} is the first"
                    f" without one; {wanted}"
                )
        except AmbiguousMoments:
            continue
    return f"column {name!r} has dates or times in several formats, or none; {wanted}"


def newest_moment(column: Column, timezone: str = "UTC") -> datetime | None:
    """The latest time of a column in UTC; a date stands for its midnight in UTC.

    ``timezone`` applies to times without one.
    """
    zone = ZoneInfo(timezone)
    moments = (_as_moment(value, zone) for value in column.values if value is not None)
    return max(moments, default=None)


def _as_moment(value: Any, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), tzinfo=UTC)
    return (value.replace(tzinfo=zone) if value.tzinfo is None else value).astimezone(UTC)
