"""``customer_versions``: the append-only history of raw rows, made from the spec."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from psycopg2 import sql

from kindred.errors import PreflightError
from kindred.spec import Spec
from kindred.store import statements
from kindred.store.binary import Array, Field
from kindred.store.binary_reader import BlockReader
from kindred.store.columns import Reading, feature_reading, outcome_reading, profile_reading
from kindred.store.database import Database
from kindred.store.keys import KeyType
from kindred.store.source import SourceColumns


def ensure_versions_table(database: Database, spec: Spec, columns: SourceColumns) -> None:
    """Create the table, or add the columns that the spec has gained.

    Raises
    ------
    PreflightError
        when a column's type in the source is not the type it landed with.
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
    """Column definitions of features and labels, typed as in the source."""
    return [
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(type_name))
        for column, type_name in columns.types.items()
    ]


def column_types(database: Database) -> dict[str, str]:
    """Name -> type of the columns of ``customer_versions``; empty where there is no table."""
    return dict(database.rows("versions/columns", {"table": "customer_versions"}))


def count_customers(database: Database, as_of: datetime) -> int:
    """Customers that the snapshot of a moment has."""
    return int(database.value("versions/count_customers", {"as_of": as_of}))


def average_text_bytes(database: Database, columns: Sequence[str]) -> float:
    """About how many bytes the texts of a customer have together, from a few thousand versions."""
    if not columns:
        return 0.0
    named = statements.comma_separated([sql.Identifier(column) for column in columns])
    return float(database.value("versions/average_text_bytes", columns=named))


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
    as_of: datetime,
    on_block: Callable[[Array, Array, pd.DataFrame], None],
    *,
    block_rows: int,
    readings: Mapping[str, Reading] | None = None,
) -> None:
    """Hand over the customers of a snapshot in customer order, block by block.

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
        "versions/read_customers", expressions=statements.comma_separated(selected)
    )
    database.copy_out(query, reader, {"as_of": as_of})
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
