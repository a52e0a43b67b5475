"""Conditions on the columns of a snapshot's customers: the pool of an audience, and its labels."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg2 import errors, sql

from kindred.audiences.status import Status
from kindred.audiences.stored_ids import read_keys
from kindred.errors import AudienceError
from kindred.history.snapshot_customers import Customers
from kindred.history.versions import column_types
from kindred.run.context import Run
from kindred.warehouse import statements
from kindred.warehouse.copy_writer import Array
from kindred.warehouse.database import Database


def condition_of(
    database: Database, conditions: Mapping[str, Any], allowed: Sequence[str], role: str
) -> sql.SQL:
    """Conditions as in ``bi.similar_customers``, as SQL on a row called ``version``.

    It is the database's own function that quotes names and values, as for readers.

    Raises
    ------
    AudienceError
        naming the column whose condition does not suit its type; the reason quotes no value.
    """
    parts = []
    for column, condition in sorted(conditions.items()):
        given = {"conditions": json.dumps({column: condition}), "allowed": list(allowed)}
        try:
            parts.append(str(database.value("audiences/condition_text", given)))
        except errors.RaiseException as error:
            type_name = column_types(database).get(column, "unknown")
            raise AudienceError(
                Status.FAILED,
                f"{role!r}: the condition on column {column!r} has a value that is none of its"
                f" type, {type_name}, or more values than 'bi.similar_customers' allows",
            ) from error
    return sql.SQL(" and ".join(f"({part})" for part in parts).replace("%", "%%"))


def customers_meeting(
    run: Run, database: Database, customers: Customers, condition: sql.SQL
) -> Array:
    """The customers for whom a condition is true, ascending (see ``KeyType``)."""
    return _customers(run, database, customers, condition, "true")


def customers_unknown(
    run: Run, database: Database, customers: Customers, condition: sql.SQL
) -> Array:
    """The customers for whom a condition is neither true nor false, ascending."""
    return _customers(run, database, customers, condition, "unknown")


def _customers(
    run: Run, database: Database, customers: Customers, condition: sql.SQL, outcome: str
) -> Array:
    query = statements.compose(
        "audiences/read_meeting",
        customers=customers,
        condition=condition,
        outcome=sql.SQL(outcome),
    )
    return read_keys(database, query, run.key_type(database), {}, run.settings.block_rows)
