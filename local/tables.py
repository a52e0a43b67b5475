"""Tables of the local source database: replaced if their content differs."""

import io
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg2
import pyarrow as pa
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor
from pyarrow import csv as arrow_csv

SCHEMA = "public"
_COPY_ROWS = 50_000  # rows per COPY, held in memory as text


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a source table with the values of its rows, by Arrow or by Python."""

    name: str
    type: str
    values: Sequence[Any] | pa.Array


@dataclass(frozen=True, eq=False)
class SourceTable:
    """A table with its rows; ``key``, if there is one, is unique unless ``repeats_keys``."""

    name: str
    columns: Sequence[Column]
    key: str | None
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
        # No file's table has two underscores in its name.
        arrived = sql.Identifier(SCHEMA, f"{table.name}__arrived")
        _create(cursor, arrived, table.columns)
        _copy(cursor, arrived, table.columns)
        expected = [(column.name, str(column.type)) for column in table.columns]
        are_same_columns = _columns_of(cursor, table.name) == expected
        if are_same_columns and _are_equal(cursor, table, arrived):
            cursor.execute(sql.SQL("drop table {}").format(arrived))
            return False
        cursor.execute(sql.SQL("drop table if exists {}").format(table.identifier))
        rename = sql.SQL("alter table {} rename to {}")
        cursor.execute(rename.format(arrived, sql.Identifier(table.name)))
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
    command = sql.SQL("create table {} ({})")
    cursor.execute(command.format(name, sql.SQL(", ").join(definitions)))


def _add_indexes(cursor: Cursor, table: SourceTable) -> None:
    """Add the usual indexes of a table: a primary key, or an index if keys repeat."""
    unique = (
        "create index on {} ({})" if table.repeats_keys else "alter table {} add primary key ({})"
    )
    if table.key is not None:
        cursor.execute(sql.SQL(unique).format(table.identifier, sql.Identifier(table.key)))
    if table.updated_at is not None:
        column = sql.Identifier(table.updated_at)
        cursor.execute(sql.SQL("create index on {} ({})").format(table.identifier, column))
    cursor.execute(sql.SQL("analyze {}").format(table.identifier))


def _copy(cursor: Cursor, name: sql.Identifier, columns: Sequence[Column]) -> None:
    """Send the rows in blocks; an empty text is quoted, and null is not."""
    command = sql.SQL("copy {} from stdin with (format csv)").format(name).as_string(cursor)
    values = [
        column.values if isinstance(column.values, pa.Array) else pa.array(column.values)
        for column in columns
    ]
    for start in range(0, len(values[0]), _COPY_ROWS):
        parts = [_plain(column.slice(start, _COPY_ROWS)) for column in values]
        names = [str(number) for number in range(len(parts))]
        block = io.BytesIO()
        options = arrow_csv.WriteOptions(include_header=False)
        arrow_csv.write_csv(pa.RecordBatch.from_arrays(parts, names), block, options)
        block.seek(0)
        cursor.copy_expert(command, block)


def _plain(values: pa.Array) -> pa.Array:
    return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values


def _are_equal(cursor: Cursor, table: SourceTable, other: sql.Identifier) -> bool:
    """Whether two tables hold the same rows: by count and the sums of two hashes of each row.

    Each table is read once, and nothing is sorted.
    """
    digest = sql.SQL(
        "(select (count(*), sum(hash_record_extended(row, 1)::numeric),"
        " sum(hash_record_extended(row, 2)::numeric)) from {} row)"
    )
    one, two = digest.format(table.identifier), digest.format(other)
    cursor.execute(sql.SQL("select {} = {}").format(one, two))
    row = cursor.fetchone()
    return row is not None and bool(row[0])
