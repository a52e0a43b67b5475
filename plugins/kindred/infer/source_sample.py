"""Sample a source table to propose a spec: its columns as they are stored."""

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from zoneinfo import available_timezones

import psycopg2
from psycopg2 import sql

from kindred.errors import PreflightError
from kindred.history.source import column_types, condition, estimated_rows, relation
from kindred.history.source_errors import reading
from kindred.infer.proposal import Evidence, no_such_column
from kindred.infer.typed_values import NUMERIC_TYPES, stored_column
from kindred.spec.source import Source
from kindred.warehouse import statements
from kindred.warehouse.database import Database

MAX_ROWS, MAX_VALUES = 100_000, 2_000_000
FIRST_ROWS = 10_000
"""Rows that show which column is what, before it is known by which one a sample is drawn."""
# Characters read per value: enough to recognise free text, and fewer of many long values.
_FEW_CHARACTERS, _MANY_CHARACTERS, _ALL_CHARACTERS = 200, 2000, 400_000_000
_AS_STORED = (*NUMERIC_TYPES, "boolean")  # others as text: Python cannot hold every date


def read_sample(
    database: Database,
    source: Source,
    max_rows: int = MAX_ROWS,
    columns: Container[str] | None = None,
) -> Evidence:
    """The columns of a source (or some of them), with at most ``max_rows`` of its rows.

    Raises
    ------
    PreflightError
        when the source cannot be read.
    InferenceError
        when there is no key column of that name.
    """
    types = {name: kind for name, (kind, _) in column_types(database, source).items()}
    usable = {
        name: kind
        for name, kind in types.items()
        if "%" not in name and (columns is None or name in columns)
    }
    if source.key not in usable:
        raise no_such_column("key", source.key, list(usable))
    max_rows = min(max_rows, MAX_VALUES // len(usable))
    names = {"relation": relation(source), "condition": condition(source)}
    with _readable(database, source):
        expected = estimated_rows(database, source)
        # A view has no statistics, and its first rows may be one version of each customer.
        expected = expected or int(database.value("infer/count_rows", {}, **names))
        values = max(1, min(expected, max_rows) * len(usable))
        characters = max(_FEW_CHARACTERS, min(_MANY_CHARACTERS, _ALL_CHARACTERS // values))
        rows = database.rows(
            "infer/sample_rows",
            {"share": min(1.0, max_rows / max(expected, 1)), "row_limit": max_rows},
            columns=_columns(usable, characters),
            key=source.key,
            **names,
        )
    is_sample = len(rows) >= max_rows or expected > max_rows
    evidence = _evidence(database, usable, rows, is_sample=is_sample)
    return replace(
        evidence,
        table_rows=max(expected, len(rows)) if is_sample else len(rows),
        notes=_notes(len(rows), is_sample, [name for name in types if "%" in name]),
    )


def read_first_rows(database: Database, source: Source, rows: int = FIRST_ROWS) -> Evidence:
    """The columns of a source with its first rows, whatever its key.

    Raises
    ------
    PreflightError
        when the source cannot be read.
    """
    types = {name: kind for name, (kind, _) in column_types(database, source).items()}
    usable = {name: kind for name, kind in types.items() if "%" not in name}
    with _readable(database, source):
        found = database.rows(
            "infer/first_rows",
            {"row_limit": rows},
            columns=_columns(usable, _FEW_CHARACTERS),
            relation=relation(source),
            condition=condition(source),
        )
    return _evidence(database, usable, found, is_sample=len(found) >= rows)


@contextmanager
def _readable(database: Database, source: Source) -> Iterator[None]:
    """Say which source cannot be read."""
    try:
        with reading(database, source):
            yield
    except (psycopg2.ProgrammingError, psycopg2.DataError) as error:
        where = f"table {source.table}" if source.table else "query"
        raise PreflightError(f"{where}: cannot be read: {str(error).strip()}") from error


def _evidence(
    database: Database, types: Mapping[str, str], rows: Sequence[Sequence[Any]], *, is_sample: bool
) -> Evidence:
    return Evidence(
        [
            stored_column(name, kind, [row[position] for row in rows])
            for position, (name, kind) in enumerate(types.items())
        ],
        is_sample=is_sample,
        table_rows=len(rows),
        timezone=_zone(str(database.value("infer/time_zone"))),
    )


def _columns(types: Mapping[str, str], characters: int) -> sql.Composed:
    return statements.comma_separated(
        [_selected(name, kind, characters) for name, kind in types.items()]
    )


def _zone(name: str) -> str:
    """The server's time zone, by which it writes times without one; UTC if only it knows it."""
    return name if name in available_timezones() else "UTC"


def _selected(name: str, kind: str, characters: int) -> sql.Composed:
    if kind in _AS_STORED:
        return sql.SQL("{}").format(sql.Identifier(name))
    return sql.SQL("left({}::text, {})").format(sql.Identifier(name), sql.Literal(characters))


def _notes(rows: int, is_sample: bool, unusable: list[str]) -> list[str]:
    notes = [f"inferred from a sample of {rows:,} rows"] if is_sample else []
    if unusable:
        notes.append(f"left out because of a % in the name: {len(unusable)} columns")
    return notes
