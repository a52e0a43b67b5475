"""``customer_versions``: the append-only history of raw rows, with the columns of the spec."""

import logging
from collections.abc import Iterable
from functools import partial

from psycopg2 import errors, sql

from kindred.errors import PreflightError
from kindred.history import key_padding
from kindred.history.source import SourceColumns
from kindred.spec.features import Kind
from kindred.spec.model import Spec
from kindred.warehouse import bi_objects, partitions, schemas, statements
from kindred.warehouse.database import Database
from kindred.warehouse.dependents import naming_dependents
from kindred.warehouse.keys import KeyType

log = logging.getLogger(__name__)


# What each type can become without loss; texts need no change of what is stored.
_WIDER = {
    "smallint": ("integer", "bigint", "numeric", "real", "double precision"),
    "integer": ("bigint", "numeric", "double precision"),
    "bigint": ("numeric",),
    "real": ("double precision",),
    "bpchar": ("text", "character varying"),
    "text": ("character varying", "bpchar"),
    "character varying": ("text", "bpchar"),
}
_WRITTEN_ALIKE = ({"smallint", "integer", "bigint"}, {"text", "character varying", "bpchar"})


def ensure_versions_table(
    database: Database, spec: Spec, columns: SourceColumns, *, wait_seconds: float
) -> None:
    """Create the table, add the columns that the spec has gained, and widen those of the source.

    A widened column is written anew, which locks readers of raw values out for so long.

    Raises
    ------
    PreflightError
        when values of a source column's type do not fit the type it landed with, or when somebody
        has built something on a column that must be widened.
    LockTimeoutError
        when readers hold the table for longer than ``wait_seconds``.
    """
    if columns.pads_keys:
        key_padding.record(database, spec)
    existing = column_types(database)
    if not existing:
        database.execute(_create_table(columns))
        return
    changed = {c: t for c, t in columns.types.items() if existing.get(c, t) != t}
    lossy = [
        f"column {column!r} of the source is now {type_name}, but landed as {existing[column]};"
        " cast it back in the spec's source query, or give it another name there"
        for column, type_name in changed.items()
        if not _fits(spec, column, existing[column], type_name)
    ]
    if lossy:
        raise PreflightError("\n".join(lossy))
    widened = {c: t for c, t in changed.items() if _is_stored_anew(existing[c], t)}
    if widened:
        partitions.with_short_locks(
            database,
            lambda: _widen(database, spec, columns.key_type, widened),
            wait_seconds=wait_seconds,
        )
    for column in columns.types.keys() - existing.keys():
        database.execute(
            sql.SQL("alter table customer_versions add column {} {}").format(
                sql.Identifier(column), sql.SQL(columns.types[column])
            )
        )


def _fits(spec: Spec, column: str, landed: str, now: str) -> bool:
    """Whether no value is lost; a category must also be written as before."""
    feature = spec.features.get(column)
    if feature is not None and feature.kind is Kind.CATEGORICAL:
        return any({landed, now} <= types for types in _WRITTEN_ALIKE)
    return now in _WIDER.get(landed, ()) or landed in _WIDER.get(now, ())


def _is_stored_anew(landed: str, now: str) -> bool:
    return now in _WIDER.get(landed, ()) and landed not in ("text", "character varying")


def _widen(database: Database, spec: Spec, key_type: KeyType, widened: dict[str, str]) -> None:
    changes = statements.comma_separated(
        sql.SQL("alter column {} type {}").format(sql.Identifier(column), sql.SQL(type_name))
        for column, type_name in widened.items()
    )
    widen = partial(database.execute, sql.SQL("alter table customer_versions {}").format(changes))
    database.run("warehouse/savepoint", savepoint="widening")
    try:
        widen()
    except errors.FeatureNotSupported:  # a view shows the column: ours alone, if it can be dropped
        database.run("warehouse/rollback_to_savepoint", savepoint="widening")
        bi_objects.drop(database, spec, (spec.bi_schema, "customers"))
        with naming_dependents(f"what shows {', '.join(widened)} of the history"):
            widen()
    database.run("history/count_fill")
    extension = schemas.extension_schema_in(database)
    replaced = bi_objects.create_missing(database, spec, extension, key_type)
    if any(replaced):
        schemas.rehearse(database, spec, *replaced)
    log.info("the history is widened: %s", ", ".join(f"{c} to {t}" for c, t in widened.items()))


def _create_table(columns: SourceColumns) -> sql.Composed:
    parts: list[sql.Composable] = [
        sql.SQL("customer_id customer_key not null"),
        sql.SQL("updated_at timestamptz not null"),
        sql.SQL("is_deleted boolean not null"),
    ]
    parts += payload_definitions(columns)
    parts.append(sql.SQL("primary key (customer_id, updated_at)"))
    return sql.SQL("create table customer_versions ({})").format(statements.comma_separated(parts))


def payload_definitions(columns: SourceColumns) -> list[sql.Composable]:
    """Column definitions of features and labels, with the types of the source."""
    return [
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(type_name))
        for column, type_name in columns.types.items()
    ]


def landing_table(
    name: str, key_type: KeyType, own: str, payload: Iterable[sql.Composable] = ()
) -> sql.Composed:
    """The statement that creates a table of rows with a customer, own columns and a payload."""
    collation = ' collate "C"' if key_type is KeyType.TEXT else ""
    first = sql.SQL(f"customer_id {key_type.value}{collation}, {own}")
    # Not unlogged: a server crash empties unlogged tables, and validate would see no new rows.
    return sql.SQL("create table {} ({})").format(
        sql.Identifier(name), statements.comma_separated([first, *payload])
    )


def column_types(database: Database, table: str = "customer_versions") -> dict[str, str]:
    """Name -> type of the columns of a table of the space; empty if it does not exist."""
    return dict(database.rows("warehouse/columns_of_relation", {"table": table}))
