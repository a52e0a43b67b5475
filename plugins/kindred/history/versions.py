"""``customer_versions``: the append-only history of raw rows, with the columns of the spec."""

from psycopg2 import sql

from kindred.errors import PreflightError
from kindred.history.source import SourceColumns
from kindred.spec.model import Spec
from kindred.warehouse import statements
from kindred.warehouse.database import Database


def ensure_versions_table(database: Database, spec: Spec, columns: SourceColumns) -> None:
    """Create the table, or add the columns that the spec has gained.

    Raises
    ------
    PreflightError
        when a source column's type differs from the type it landed with.
    """
    existing = column_types(database)
    if not existing:
        database.execute(_create_table(columns))
        return
    changed = [
        f"column {column!r} of the source is now {type_name}, but landed as {existing[column]};"
        " cast it back in the spec's source query, or give it another name there"
        for column, type_name in columns.types.items()
        if existing.get(column, type_name) != type_name
    ]
    if changed:
        raise PreflightError("\n".join(changed))
    for column in columns.types.keys() - existing.keys():
        database.execute(
            sql.SQL("alter table customer_versions add column {} {}").format(
                sql.Identifier(column), sql.SQL(columns.types[column])
            )
        )


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


def column_types(database: Database) -> dict[str, str]:
    """Name -> type of the columns of ``customer_versions``; empty if the table does not exist."""
    return dict(database.rows("warehouse/columns_of_relation", {"table": "customer_versions"}))
