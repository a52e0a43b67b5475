"""The customers of a snapshot: who was known as of its date, with the values in force then."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from psycopg2 import sql

from kindred.history.column_expressions import (
    ColumnExpression,
    feature_expression,
    outcome_expression,
    profile_expression,
)
from kindred.history.versions import column_types
from kindred.run import builds
from kindred.run.context import Run
from kindred.spec.model import Spec
from kindred.warehouse import statements
from kindred.warehouse.copy_reader import BlockReader
from kindred.warehouse.copy_writer import Array, Field
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType, concatenate_keys

Customers = sql.Composable
"""A query for customers: as of any date, or those a run has stored in its own table."""


def customers_as_of(spec: Spec, as_of: datetime) -> Customers:
    """The customers as of a date. The query scans the whole history, so store its result.

    Without a table of customers they are those who have an event before it.
    """
    moment = sql.Literal(as_of.isoformat())
    if spec.source.events is None:
        return statements.compose("history/customers_as_of", as_of=moment)
    events = f"events_{spec.source.events}"
    return statements.compose("history/customers_of_events", events=events, as_of=moment)


def table_of(slug: str) -> str:
    """The table that stores the customers of the run with this slug."""
    return f"snapshot_customers_{slug}"


def keep_customers(database: Database, run: Run) -> int:
    """Store the customers of a run's snapshot for all its tasks; returns how many there are.

    Only rows that land from now on are late for the build.
    """
    table = table_of(run.slug)
    builds.reset_late_customers(database, run.as_of, run.build.run_id)
    with database.transaction():
        database.run("warehouse/drop_table", table=table)
        customers = customers_as_of(run.spec, run.as_of)
        count = database.run("history/create_snapshot_customers", table=table, customers=customers)
        database.run("warehouse/add_key", table=table)
    database.run("warehouse/analyze_table", table=table)
    return count


def kept_customers(database: Database, run: Run) -> Customers:
    """The customers that `keep_customers` has stored.

    They are found again where a task is cleared after ``clean_up`` has dropped the table.
    """
    if not is_kept(database, run):
        fills = version_fills(database)
        run.add_facts(database, customers=keep_customers(database, run), version_fills=fills)
    return _table(run)


def version_fills(database: Database) -> int:
    """How often values have been filled into versions; to be read before the customers are."""
    return int(database.value("history/version_fills"))


def customers_of(database: Database, run: Run) -> Customers:
    """The same for a task that does not encode them: what has landed since may be among them."""
    return _table(run) if is_kept(database, run) else customers_as_of(run.spec, run.as_of)


def is_kept(database: Database, run: Run) -> bool:
    """Whether the table of `keep_customers` is there."""
    return database.has_table(table_of(run.slug))


def table_number(database: Database, run: Run) -> int | None:
    """The number of the table of `keep_customers`; each time that it is made it gets another."""
    number = database.value("history/table_number", {"table": table_of(run.slug)})
    return None if number is None else int(number)


def _table(run: Run) -> Customers:
    return sql.SQL("table {}").format(sql.Identifier(table_of(run.slug)))


def drop_customers(database: Database, run: Run) -> None:
    """Drop the table that `keep_customers` has made."""
    database.run("warehouse/drop_table", table=table_of(run.slug))


def count_customers(database: Database, customers: Customers) -> int:
    """How many customers there are."""
    return int(database.value("history/count_customers", customers=customers))


def count_changed(database: Database, customers: Customers, since: datetime) -> tuple[int, int]:
    """How many customers there are, and how many of them have changed at or after a moment."""
    found = database.row("history/newest_change", {"since": since}, customers=customers)
    every, changed = found or (0, 0)
    return int(every), int(changed)


def average_text_bytes(database: Database, customers: Customers, columns: Sequence[str]) -> float:
    """Estimate the total bytes of a customer's texts from a sample of a few thousand customers."""
    if not columns:
        return 0.0
    named = statements.columns(columns)
    return float(database.value("history/average_text_bytes", customers=customers, columns=named))


def profile_expressions(database: Database, spec: Spec) -> dict[str, ColumnExpression]:
    """The expressions that read the columns BI may see for profiles: features, then labels."""
    types = column_types(database)
    return {
        column: profile_expression(column, spec.features[column].kind, types[column])
        if column in spec.features
        else outcome_expression(column, types[column])
        for column in spec.filterable_columns
    }


def read_customers(
    database: Database,
    run: Run,
    customers: Customers,
    on_block: Callable[[Array, Array, pd.DataFrame], None],
    expressions: Mapping[str, ColumnExpression] | None = None,
) -> None:
    """Pass customers to ``on_block`` in key order, in blocks of the run's ``block_rows``.

    ``on_block`` takes keys (see ``KeyType``), ``updated_at`` (int64 microseconds since 1970) and a
    frame with one column per expression: float64 with NaN for numbers, booleans and dates (in
    days), str with None for categories and texts. By default ``expressions`` are those of the
    features, as the encoder reads them.
    """
    if expressions is None:
        types = column_types(database)
        expressions = {
            column: feature_expression(column, feature.kind, types[column])
            for column, feature in run.spec.column_features.items()
        }
    texts = [column for column, expression in expressions.items() if expression.is_text]
    numbers = [column for column in expressions if column not in texts]
    fields = [Field.TIMESTAMPTZ, *[Field.FLOAT8] * len(numbers), *[Field.TEXT] * len(texts)]
    selected: list[sql.Composable] = [
        sql.SQL("updated_at"),
        *(expressions[column].expression for column in (*numbers, *texts)),
    ]
    key_type = run.key_type(database)
    key_position = 1 + len(numbers) if key_type is KeyType.TEXT else 0
    fields.insert(key_position, key_type.field)
    selected.insert(key_position, sql.SQL("customer_id"))

    def decode(values: list[Array]) -> None:
        keys = key_type.from_copy(values.pop(key_position))
        named = dict(zip((*numbers, *texts), values[1:], strict=True))
        on_block(keys, values[0], _frame(expressions, named))

    reader = BlockReader(fields, decode, block_rows=run.settings.block_rows)
    query = statements.compose(
        "history/read_customers",
        customers=customers,
        expressions=statements.comma_separated(selected),
    )
    database.copy_out(query, reader)
    reader.flush()


def read_keys(database: Database, run: Run, customers: Customers) -> Array:
    """The keys of customers, ascending (see ``KeyType``)."""
    blocks: list[Array] = []

    def collect(keys: Array, updated_at: Array, frame: pd.DataFrame) -> None:
        blocks.append(keys)

    read_customers(database, run, customers, collect, {})
    return concatenate_keys(run.key_type(database), blocks)


def _frame(
    expressions: Mapping[str, ColumnExpression], values: Mapping[str, Array]
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            column: _decoded(values[column])
            if expression.is_text
            else values[column].astype(np.float64)
            for column, expression in expressions.items()
        }
    )


def _decoded(raw: Array) -> Array:
    """UTF-8 to str; each distinct value is decoded once."""
    values = raw.tolist()
    known = {value: None if value is None else value.decode() for value in set(values)}
    decoded = np.empty(len(values), dtype=object)
    decoded[:] = [known[value] for value in values]
    return decoded


def count_rejected_customers(database: Database, as_of: datetime) -> int:
    """How many customers are in no snapshot because all their rows have been rejected."""
    return int(database.value("history/count_rejected_customers", {"as_of": as_of}))
