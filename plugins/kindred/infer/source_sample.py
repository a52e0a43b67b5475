"""Sample a source table to propose a spec: its columns as they are stored."""

import psycopg2
from psycopg2 import sql

from kindred.errors import InferenceError, PreflightError
from kindred.history.source import column_types, estimated_rows, relation
from kindred.infer.proposal import Evidence, Roles
from kindred.infer.typed_values import NUMERIC_TYPES, stored_column
from kindred.spec.model import Source
from kindred.warehouse import statements
from kindred.warehouse.database import Database

MAX_ROWS = 100_000
_TEXT_CHARACTERS = 2000  # read per value: enough to recognise free text
_AS_STORED = (*NUMERIC_TYPES, "boolean")  # others as text: Python cannot hold every date


def read_sample(database: Database, table: str, roles: Roles, max_rows: int = MAX_ROWS) -> Evidence:
    """The columns of a table, with at most ``max_rows`` of its rows.

    Raises
    ------
    PreflightError
        when the table cannot be read.
    InferenceError
        when there is no key column of that name.
    """
    source = Source(table=table, key=roles.key, updated_at=roles.updated_at or "none")
    types = {name: kind for name, (kind, _) in column_types(database, source).items()}
    usable = {name: kind for name, kind in types.items() if "%" not in name}
    if roles.key not in usable:
        raise InferenceError(
            "key", f"there is no column {roles.key!r}; the columns are {', '.join(usable)}"
        )
    expected = estimated_rows(database, source)
    try:
        rows = database.rows(
            "infer/sample_rows",
            {"share": min(1.0, max_rows / max(expected, 1)), "row_limit": max_rows},
            columns=statements.comma_separated([_selected(*item) for item in usable.items()]),
            relation=relation(source),
            key=roles.key,
        )
    except (psycopg2.ProgrammingError, psycopg2.DataError) as error:
        raise PreflightError(f"table {table}: cannot be read: {str(error).strip()}") from error
    is_sample = len(rows) >= max_rows or expected > max_rows
    return Evidence(
        [
            stored_column(name, kind, [row[position] for row in rows])
            for position, (name, kind) in enumerate(usable.items())
        ],
        is_sample=is_sample,
        table_rows=max(expected, len(rows)) if is_sample else len(rows),
        notes=_notes(len(rows), is_sample, sorted(types.keys() - usable.keys())),
    )


def _selected(name: str, kind: str) -> sql.Composed:
    if kind in _AS_STORED:
        return sql.SQL("{}").format(sql.Identifier(name))
    return sql.SQL("left({}::text, {})").format(sql.Identifier(name), sql.Literal(_TEXT_CHARACTERS))


def _notes(rows: int, is_sample: bool, unusable: list[str]) -> list[str]:
    notes = [f"inferred from a sample of {rows:,} rows"] if is_sample else []
    if unusable:
        notes.append(f"left out because of a % in the name: {len(unusable)} columns")
    return notes
