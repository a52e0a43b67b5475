"""The customers of a snapshot: who was known at its moment, with the values in force then."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from psycopg2 import sql

from kindred.errors import DataError
from kindred.history.column_expressions import (
    Reading,
    feature_reading,
    outcome_reading,
    profile_reading,
)
from kindred.history.versions import column_types
from kindred.spec.model import Spec
from kindred.warehouse import statements
from kindred.warehouse.copy_reader import BlockReader
from kindred.warehouse.copy_writer import Array, Field
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType

Customers = sql.Composable
"""A query for customers: of any moment, or those that a run keeps in a table of its own."""


def customers_as_of(as_of: datetime) -> Customers:
    """The customers of a moment, found in the whole history: read it once, or keep the result."""
    return statements.compose("history/customers_as_of", as_of=sql.Literal(as_of.isoformat()))


def table_of(slug: str) -> str:
    """The table in which the run of that slug keeps its customers."""
    return f"snapshot_customers_{slug}"


def keep_customers(database: Database, slug: str, as_of: datetime) -> int:
    """Find the customers of a run's snapshot, for all its tasks; returns how many there are."""
    table = table_of(slug)
    with database.transaction():
        database.run("warehouse/drop_table", table=table)
        customers = customers_as_of(as_of)
        count = database.run("history/create_snapshot_customers", table=table, customers=customers)
        database.run("warehouse/add_key", table=table)
    database.run("warehouse/analyze_table", table=table)
    return count


def kept_customers(database: Database, slug: str) -> Customers:
    """The customers that `keep_customers` has found.

    Raises
    ------
    DataError
        when they have been dropped: a run that has ended keeps no customers.
    """
    table = table_of(slug)
    if not database.value("warehouse/table_exists", {"table": table}):
        raise DataError(
            f"table {table} is not there: a run that has ended keeps no customers; clear task"
            " 'extract' with its downstream tasks, so that it is made again"
        )
    return sql.SQL("table {}").format(sql.Identifier(table))


def drop_customers(database: Database, slug: str) -> None:
    """Drop what `keep_customers` has kept."""
    database.run("warehouse/drop_table", table=table_of(slug))


def count_customers(database: Database, customers: Customers) -> int:
    """How many customers there are."""
    return int(database.value("history/count_customers", customers=customers))


def average_text_bytes(database: Database, customers: Customers, columns: Sequence[str]) -> float:
    """About how many bytes the texts of a customer have together, from a few thousand of them."""
    if not columns:
        return 0.0
    named = statements.comma_separated([sql.Identifier(column) for column in columns])
    return float(database.value("history/average_text_bytes", customers=customers, columns=named))


def profile_readings(database: Database, spec: Spec) -> dict[str, Reading]:
    """How the columns that BI may see are read to be profiled: features, then labels."""
    types = column_types(database)
    features = {
        column: profile_reading(column, feature.kind, types[column])
        for column, feature in spec.features.items()
    }
    labels = {column: outcome_reading(column, types[column]) for column in spec.labels}
    readings = features | labels
    return {column: readings[column] for column in readings if column not in spec.private}


def read_customers(
    database: Database,
    spec: Spec,
    key_type: KeyType,
    customers: Customers,
    on_block: Callable[[Array, Array, pd.DataFrame], None],
    *,
    block_rows: int,
    readings: Mapping[str, Reading] | None = None,
) -> None:
    """Hand over customers in the order of their keys, block by block.

    ``on_block`` takes keys (see ``KeyType``), ``updated_at`` (int64 microseconds since 1970) and a
    frame with a column a reading: float64 with NaN for numbers, booleans and dates (in days), str
    with None for categories and texts. Without ``readings`` it has the features as they are
    encoded.
    """
    if readings is None:
        types = column_types(database)
        readings = {
            column: feature_reading(column, feature.kind, types[column])
            for column, feature in spec.features.items()
        }
    texts = [column for column, reading in readings.items() if reading.is_text]
    numbers = [column for column in readings if column not in texts]
    fields = [Field.TIMESTAMPTZ, *[Field.FLOAT8] * len(numbers), *[Field.TEXT] * len(texts)]
    selected: list[sql.Composable] = [
        sql.SQL("updated_at"),
        *(readings[column].expression for column in (*numbers, *texts)),
    ]
    key_position = 1 + len(numbers) if key_type is KeyType.TEXT else 0
    fields.insert(key_position, key_type.field)
    selected.insert(key_position, sql.SQL("customer_id"))

    def decode(values: list[Array]) -> None:
        keys = key_type.from_copy(values.pop(key_position))
        named = dict(zip((*numbers, *texts), values[1:], strict=True))
        on_block(keys, values[0], _frame(readings, named))

    reader = BlockReader(fields, decode, block_rows=block_rows)
    query = statements.compose(
        "history/read_customers",
        customers=customers,
        expressions=statements.comma_separated(selected),
    )
    database.copy_out(query, reader)
    reader.flush()


def _frame(readings: Mapping[str, Reading], values: Mapping[str, Array]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            column: _decoded(values[column])
            if reading.is_text
            else values[column].astype(np.float64)
            for column, reading in readings.items()
        }
    )


def _decoded(raw: Array) -> Array:
    """UTF-8 to str; the few distinct values of a category are decoded once each."""
    values = raw.tolist()
    known = {value: None if value is None else value.decode() for value in set(values)}
    decoded = np.empty(len(values), dtype=object)
    decoded[:] = [known[value] for value in values]
    return decoded
