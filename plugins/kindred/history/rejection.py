"""Rows that cannot be used: what is wrong with them, and ``rejected_rows``."""

from psycopg2 import sql

from kindred.history.column_expressions import reason_expression
from kindred.spec.features import OWN_COLUMNS
from kindred.spec.model import Spec
from kindred.warehouse import statements
from kindred.warehouse.database import Database
from kindred.warehouse.keys import MAX_TEXT_KEY_BYTES

BLANKS = "E' \\t\\n\\r\\f\\v'"


def find_bad_values(database: Database, spec: Spec, table: str, types: dict[str, str]) -> None:
    """Collect the landed rows with values that cannot be used."""
    database.run("history/find_bad_values", landing=table, reasons=_reasons(spec, types))


def find_conflicts(database: Database, spec: Spec, table: str) -> None:
    """Collect the landed rows that contradict each other."""
    database.run("history/find_conflicts", names_of(spec), landing=table)


def names_of(spec: Spec) -> dict[str, str]:
    """The names of key and time, for people to read."""
    return {"key": spec.source.key, "updated_at": spec.source.updated_at}


def reject(database: Database, table: str, types: dict[str, str]) -> int:
    """Store the rows with problems; returns how many."""
    shown, row_hash = _shown_values(types), _row_hash(types)
    return database.run("history/reject_rows", landing=table, payload=shown, row_hash=row_hash)


def drop_rejected(database: Database, table: str, types: dict[str, str]) -> None:
    """Delete the rows with problems that were rejected before."""
    database.run("history/drop_rejected", landing=table, row_hash=_row_hash(types))


def _row_hash(types: dict[str, str]) -> sql.Composed:
    """The hash of a landed row: the same row is rejected once."""
    own = [sql.Identifier("landed", name) for name in OWN_COLUMNS]
    payload = [sql.Identifier("landed", name) for name in types]
    return sql.SQL("md5(row({})::text || coalesce(landed.unusable_key, ''))").format(
        statements.comma_separated([*own, *payload])
    )


def reasons_of_key(key: str, unusable: str) -> list[sql.Composable]:
    """What can be wrong with the ``customer_id`` of a landed row; ``key`` is the source's column.

    ``unusable``: what is wrong with a key that the cast made null.
    """
    return [
        reason("landed.unusable_key is not null", f"{key}: {unusable}"),
        reason("landed.customer_id is null and landed.unusable_key is null", f"{key}: null"),
        reason(f"btrim(landed.customer_id::text, {BLANKS}) = ''", f"{key}: blank"),
        reason(
            f"octet_length(landed.customer_id::text) > {MAX_TEXT_KEY_BYTES}",
            f"{key}: longer than {MAX_TEXT_KEY_BYTES} bytes",
        ),
    ]


def reasons_of_time(column: str, name: str) -> list[sql.Composable]:
    """What can be wrong with the time of a landed row; ``name`` is the source's column."""
    return [
        reason(f"landed.{column} is null", f"{name}: null"),
        reason(f"not isfinite(landed.{column})", f"{name}: infinite"),
    ]


def reason(condition: str, text: str) -> sql.Composed:
    """An expression that is ``text`` where a condition holds, else null."""
    return sql.SQL("case when {} then {} end").format(sql.SQL(condition), sql.Literal(text))


def _reasons(spec: Spec, types: dict[str, str]) -> sql.Composed:
    """One expression per reason to reject a row; each is null if the reason does not apply.

    Nothing is encoded of a row that says deleted, so its values may be anything.
    """
    parts = reasons_of_key(spec.source.key, "not a whole number of at most 64 bits")
    parts += reasons_of_time("updated_at", spec.source.updated_at)
    found = (reason_expression(c, f.kind, types[c]) for c, f in spec.column_features.items())
    parts += (
        sql.SQL("case when not landed.is_deleted then {} end").format(expression)
        for expression in found
        if expression is not None
    )
    return statements.comma_separated(parts)


def _shown_values(types: dict[str, str]) -> sql.Composed:
    """Payload for people to read; json stays text, since it may hold escapes that jsonb rejects."""
    return statements.further(
        sql.SQL("{}::text" if type_name in ("json", "json[]") else "{}").format(
            sql.Identifier("landed", column)
        )
        + sql.SQL(" as {}").format(sql.Identifier(column))
        for column, type_name in types.items()
    )
