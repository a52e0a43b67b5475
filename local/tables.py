"""Tables of the local source database: replaced if their content differs."""

import io
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

SCHEMA = "public"
_COPY_ROWS = 10_000  # rows per COPY, held in memory as text
_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a source table with its values."""

    name: str
    type: str
    values: Sequence[Any]


@dataclass(frozen=True, eq=False)
class SourceTable:
    """A table with its rows; ``key`` is unique unless ``repeats_keys``."""

    name: str
    columns: Sequence[Column]
    key: str
    updated_at: str | None = None
    repeats_keys: bool = False

    @property
    def identifier(self) -> sql.Identifier:
        """The quoted name."""
        return sql.Identifier(SCHEMA, self.name)


def load_table(
    dsn: str, table: SourceTable, before_change: Callable[[bool], None] = lambda _: None
) -> bool:
    """Make a table hold exactly these rows, in one transaction; returns whether it changed.

    A table that already holds them is not touched, whatever the order of its rows.
    ``before_change`` is called before a change is committed, with whether the columns stay.
    """
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        arrived = sql.Identifier("arrived")
        _create(cursor, arrived, table.columns)
        _copy(cursor, arrived, table.columns)
        expected = [(column.name, str(column.type)) for column in table.columns]
        are_same_columns = _columns_of(cursor, table.name) == expected
        if are_same_columns and _are_equal(cursor, table, arrived):
            return False
        cursor.execute(sql.SQL("drop table if exists {}").format(table.identifier))
        cursor.execute(sql.SQL("create table {} as table {}").format(table.identifier, arrived))
        _add_indexes(cursor, table)
        before_change(are_same_columns)
        return True


def _columns_of(cursor: Cursor, table: str) -> list[tuple[str, str]]:
    cursor.execute(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = %s and table_name = %s order by ordinal_position",
        (SCHEMA, table),
    )
    return [(str(name), str(kind)) for name, kind in cursor.fetchall()]


def _create(cursor: Cursor, name: sql.Identifier, columns: Sequence[Column]) -> None:
    definitions = [
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(str(column.type)))
        for column in columns
    ]
    command = sql.SQL("create temporary table {} ({}) on commit drop")
    cursor.execute(command.format(name, sql.SQL(", ").join(definitions)))


def _add_indexes(cursor: Cursor, table: SourceTable) -> None:
    """Add the usual indexes of a customers table: a primary key, or an index if keys repeat."""
    unique = (
        "create index on {} ({})" if table.repeats_keys else "alter table {} add primary key ({})"
    )
    cursor.execute(sql.SQL(unique).format(table.identifier, sql.Identifier(table.key)))
    if table.updated_at is not None:
        column = sql.Identifier(table.updated_at)
        cursor.execute(sql.SQL("create index on {} ({})").format(table.identifier, column))
    cursor.execute(sql.SQL("analyze {}").format(table.identifier))


def _copy(cursor: Cursor, name: sql.Identifier, columns: Sequence[Column]) -> None:
    command = sql.SQL("copy {} from stdin").format(name).as_string(cursor)
    rows = zip(*(column.values for column in columns), strict=True)
    while text := "".join("\t".join(map(_field, row)) + "\n" for row in islice(rows, _COPY_ROWS)):
        cursor.copy_expert(command, io.StringIO(text))


def _field(value: object) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).translate(_COPY_ESCAPES)


def _are_equal(cursor: Cursor, table: SourceTable, other: sql.Identifier) -> bool:
    cursor.execute(
        sql.SQL(
            "select not exists (table {0} except all table {1})"
            " and not exists (table {1} except all table {0})"
        ).format(table.identifier, other)
    )
    row = cursor.fetchone()
    return row is not None and bool(row[0])
