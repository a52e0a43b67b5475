"""Erase a customer from every table of a space, and keep a receipt without personal data.

No statement contains the id: each one looks it up in ``erasure_requests`` by the request's number,
so the id appears neither in the server's log nor in ``pg_stat_activity``.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg2.errors
from psycopg2 import sql
from psycopg2.extras import Json

from kindred.errors import DataError, LockTimeoutError, PreflightError, UnreachableError
from kindred.events.event_tables import table_of
from kindred.history.column_expressions import (
    TypeClass,
    reason_expression,
    type_class_of,
    value_expression,
)
from kindred.history.versions import column_types
from kindred.lookalikes.lookalike_rows import PARENT, PUBLIC_PARENT
from kindred.maps.density import EVERYBODY, OTHERS, SEGMENTS_TOLD_APART
from kindred.run.builds import RESTART_AFTER_ERASURE, one_line
from kindred.spec.features import Kind
from kindred.warehouse import partitions
from kindred.warehouse.copy_writer import RowStream, encode_rows
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType

LOCK_TIMEOUT_MILLISECONDS = 30_000
# Suffixes of generations, staged differences, landing tables and partitions: the receipt counts all
# tables of one kind together.
_RUN_SUFFIX = re.compile(r"_(g\d+|delta_\d{8}t\d{6}.*|(fit_)?\d{8}t\d{6}.*)$")

Rows = Counter[str]

CELL_LABELS = {"everybody": EVERYBODY, "others": OTHERS, "told_apart": SEGMENTS_TOLD_APART}
"""What the counts of the map call segments."""


@dataclass(frozen=True)
class Request:
    """A request to erase a customer; ``customer_id`` is None once it is done."""

    number: int
    status: str
    customer_id: str | None = field(repr=False)
    receipt: dict[str, Any]


def require_prepared(database: Database, schema: str) -> None:
    """Reject a space without the tables that an erasure needs.

    Raises
    ------
    PreflightError
        when it has not been prepared by a version that can erase.
    """
    if not database.has_table("erasure_requests"):
        raise PreflightError(
            f"schema {schema} has not been prepared by this version of Kindred: run the DAG or"
            " 'kindred fit', then erase"
        )


@contextmanager
def hide_error_details() -> Iterator[None]:
    """Report only the kind of a database error: its text may quote values of the row."""
    try:
        yield
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        raise UnreachableError(
            f"the warehouse ended the session ({type(error).__name__}); nothing is half done, try"
            " again"
        ) from None
    except psycopg2.Error as error:
        raise DataError(
            f"the warehouse rejected a statement ({type(error).__name__}, SQLSTATE {error.pgcode});"
            " its message is left out, since it may name the customer: see the server's log"
        ) from None


def add_request(database: Database, key_type: KeyType, text: str) -> int:
    """Record an erasure request; returns its number. ``text`` is the customer's key.

    Raises
    ------
    DataError
        when the text is not a valid key of the space; the message does not repeat it.
    """
    with database.transaction():
        database.run("erasure/create_incoming")
        rows = encode_rows([key_type.column(key_type.parse(text))])
        database.copy_in("incoming_request", ["customer_id"], RowStream([rows]))
        return int(database.value("erasure/add_request"))


def read_request(database: Database, number: int) -> Request:
    """Find a request by its number.

    Raises
    ------
    DataError
        when it does not exist.
    """
    row = database.row("erasure/read_request", {"request": number})
    if row is None:
        raise DataError(
            f"there is no erasure request {number}; 'kindred request-erasure' makes one"
        )
    return Request(*row)


def folded_key(database: Database, number: int) -> str:
    """The key of a request in lower case, as the warehouse writes it."""
    return str(database.value("erasure/folded_key", {"request": number}))


def next_spelling(database: Database, number: int) -> Request | None:
    """The request with another spelling of its key under which the customer is still known."""
    if not database.run("erasure/spell_request", {"request": number}):
        return None
    database.run("warehouse/drop_temporary_tables")
    return read_request(database, number)


def exports_with(database: Database, request: Request) -> list[int]:
    """The numbers of the exports of audiences that the customer of a request is in."""
    if not database.has_table("audience_exports"):
        return []
    rows = database.rows("erasure/exports_with", {"request": request.number})
    return [number for (number,) in rows]


def erase_rows(database: Database, request: Request, schema: str) -> tuple[Rows, list[datetime]]:
    """Delete the customer of a request from all tables; call it inside a transaction.

    Returns the number of rows removed per table, and the snapshots that contained the customer.
    Nothing else may change the space meanwhile. Readers do not wait, and see the erasure as one
    change.

    Raises
    ------
    LockTimeoutError
        when another session holds a lock on one of the tables.
    """
    number = {"request": request.number}
    partitions.set_lock_timeout(database, LOCK_TIMEOUT_MILLISECONDS)
    try:
        rows: Rows = Counter()
        rows["text_embeddings"] = _erase_texts(database, number)
        _gather_values(database, number)
        rows["rejected_rows"] = database.run("erasure/delete_rejected", number)
        rows["rejected_events"] = database.run("erasure/delete_rejected_events", number)
        _gather_codes(database, number)
        if database.has_table("cluster_moves"):
            database.run("erasure/leave_moves", number)
            database.run("erasure/leave_cells", number | CELL_LABELS)
        customers, lookalikes = _erase_keys(database, number, schema, rows)
        rows["event_values"] = database.run("erasure/delete_codes")
        rows["column_quality"] = database.run("erasure/delete_extremes")
        database.run("erasure/delete_recorded_extremes")
        if rows.total():
            database.run("erasure/mark_builds", {"failure": RESTART_AFTER_ERASURE})
        held = sorted(customers.keys() | lookalikes[PARENT].keys())
        counts: dict[str, list[Any]] = {"as_ofs": held}
        for name, parent in (("lookalikes", PARENT), ("public", PUBLIC_PARENT)):
            counts[name] = [lookalikes[parent][as_of] for as_of in held]
        corrected = database.rows("erasure/correct_sizes", number | counts)
    except psycopg2.errors.LockNotAvailable as error:
        raise LockTimeoutError(
            f"erasure request {request.number}: another session has locked tables of {schema} for"
            f" more than {LOCK_TIMEOUT_MILLISECONDS // 1000} s; end it (see pg_locks), then try"
            " again"
        ) from error
    return +rows, [as_of for (as_of,) in corrected]


def _erase_texts(database: Database, number: dict[str, int]) -> int:
    """Delete the embeddings of texts that only this customer had, in any column."""
    texts = [
        value_expression(column, Kind.TEXT, type_name)
        for column, type_name in column_types(database).items()
        if column != "customer_id" and type_class_of(type_name) is TypeClass.TEXT
    ]
    database.run("erasure/create_texts")
    gathered = sum(database.run("erasure/gather_texts", number, text=text) for text in texts)
    if not gathered:
        return 0
    for text in texts:
        database.run("erasure/keep_shared_texts", number, text=text)
    return database.run("erasure/delete_texts")


def _gather_codes(database: Database, number: dict[str, int]) -> None:
    """Collect the texts, such as items, that no event of another customer has."""
    database.run("erasure/create_codes")
    for event, column in database.rows("erasure/coded_columns"):
        parameters = number | {"event": event, "column": column}
        names = {"events": table_of(event), "column": column}
        database.run("erasure/gather_codes", parameters)
        database.run("erasure/keep_shared_codes", parameters, **names)


def _gather_values(database: Database, number: dict[str, int]) -> None:
    """Collect the customer's numbers and dates, which may be the extremes of a column."""
    types = column_types(database)
    database.run("erasure/create_values")
    if database.has_table("customer_behaviour"):
        database.run("erasure/gather_behaviour", number)
    for column, kind in database.rows("erasure/ranged_columns"):
        if column in types:
            database.run(
                "erasure/gather_values",
                number | {"column": column},
                value=value_expression(column, Kind(kind), types[column]),
                reason=reason_expression(column, Kind(kind), types[column]) or sql.SQL("null"),
            )


def _erase_keys(
    database: Database, number: dict[str, int], schema: str, rows: Rows
) -> tuple[Counter[datetime], dict[str, Counter[datetime]]]:
    """Delete rows by the customer's key; returns the counts of attached partitions by snapshot.

    These are the counts of cluster rows, and, by table, of lookalike rows on both sides.
    """
    customers: Counter[datetime] = Counter()
    lookalikes: dict[str, Counter[datetime]] = {PARENT: Counter(), PUBLIC_PARENT: Counter()}
    tables = database.rows("erasure/key_columns", {"schema": schema})
    for position, (table, column, has_moments) in enumerate(tables):
        kind = _RUN_SUFFIX.sub("", table)
        names = {"table": table, "column": column}
        if not has_moments:
            rows[kind] += database.run("erasure/delete_rows", number, **names)
            continue
        if column == "lookalike_id":
            gaps = f"gaps_{position}"
            found = database.rows("erasure/close_gaps", number, table=table, gaps=gaps)
        elif table == "customer_clusters":
            found = database.rows("erasure/delete_members", number)
        else:
            found = database.rows("erasure/delete_of_snapshots", number, **names)
        removed = Counter(dict(found))
        rows[kind] += removed.total()
        if table in lookalikes:
            lookalikes[table] += removed
        elif table == "customer_clusters":
            customers += removed
    return customers, lookalikes


def record_receipt(database: Database, number: int, receipt: dict[str, Any]) -> None:
    """Record what has been removed so far."""
    database.run("erasure/record_receipt", {"request": number, "receipt": Json(receipt)})


def finish(database: Database, number: int, receipt: dict[str, Any]) -> None:
    """Close a request: delete its customer id, keep the receipt."""
    database.run("erasure/finish_request", {"request": number, "receipt": Json(receipt)})


def record_failure(database: Database, number: int, failure: str) -> None:
    """Record in one line why a request failed."""
    database.run("erasure/record_failure", {"request": number, "failure": one_line(failure)})
