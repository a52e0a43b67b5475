"""CDNOW's customers (real purchases of CDs, 1997-01 to 1998-06) as a source with versions.

A version holds what was known of a customer at the end of a day with a purchase: dates of the first
and last purchase, number of days with a purchase, and total value. Two purchases on one day make
one version; the key of a row is (customer_id, updated_at).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from kindred.spec.model import Spec, spec_from_dict
from local.tables import Column, SourceTable

FILE = "CDNOW_master.txt"
TABLE = "cdnow_customers"
KEY, UPDATED_AT = "customer_id", "updated_at"
BEGINNING = datetime(1997, 1, 1, tzinfo=UTC)
MONTHS = 18
TYPES = {
    KEY: "bigint",
    UPDATED_AT: "date",
    "first_purchase": "date",
    "last_purchase": "date",
    "frequency": "bigint",
    "monetary": "double precision",
}
_FILE_COLUMNS = (KEY, "date", "number_of_cds", "dollar_value")


def read_purchases(path: Path, every: int = 1) -> pd.DataFrame:
    """The purchases in the order of the file: customer_id, date, number_of_cds, dollar_value.

    With ``every``, only those of customers whose number is divisible by it.
    """
    frame = pd.read_csv(path, sep=r"\s+", skiprows=1, names=_FILE_COLUMNS, dtype={"date": str})
    frame["date"] = pd.to_datetime(frame["date"], format="%Y%m%d").dt.date
    return frame[frame[KEY] % every == 0].reset_index(drop=True)


def versions(purchases: pd.DataFrame) -> pd.DataFrame:
    """A row per customer and purchase date, with the columns of ``TYPES``, in key order."""
    # Summed in whole cents, so that a sum does not depend on the order of the purchases.
    cents = (purchases["dollar_value"] * 100).round().astype("int64")
    keys = [purchases[KEY], purchases["date"]]
    days = cents.groupby(keys).sum().rename("cents").reset_index()
    of_customer = days.groupby(KEY)
    found = {
        KEY: days[KEY],
        UPDATED_AT: days["date"],
        "first_purchase": of_customer["date"].transform("first"),
        "last_purchase": days["date"],
        "frequency": of_customer.cumcount() + 1,
        "monetary": of_customer["cents"].cumsum() / 100,
    }
    return pd.DataFrame(found)


def source_table(frame: pd.DataFrame, types: dict[str, str] = TYPES) -> SourceTable:
    """Versions as a table of the source database."""
    columns = [Column(name, kind, _plain(frame[name])) for name, kind in types.items()]
    return SourceTable(TABLE, columns, KEY, UPDATED_AT, repeats_keys=True)


def _plain(values: "pd.Series[Any]") -> list[Any]:
    return [None if pd.isna(value) else value for value in values.tolist()]


def month_starts(count: int, first: datetime = BEGINNING) -> list[datetime]:
    """The first moments of ``count`` consecutive months."""
    months = (first.month - 1 + number for number in range(count))
    return [first.replace(year=first.year + m // 12, month=m % 12 + 1) for m in months]


def customers_known(purchases: pd.DataFrame, as_ofs: Sequence[datetime]) -> dict[datetime, int]:
    """How many customers had bought before each moment, counted from the purchases alone."""
    firsts: pd.Series[Any] = purchases.groupby(KEY)["date"].min()
    return {as_of: int((firsts < as_of.date()).sum()) for as_of in as_ofs}


def rows_between(purchases: pd.DataFrame, start: datetime, end: datetime) -> int:
    """How many customers bought on how many days of a window, counted from the purchases alone."""
    days = purchases[(purchases["date"] >= start.date()) & (purchases["date"] < end.date())]
    return len(days.drop_duplicates([KEY, "date"]))


def make_spec(space: str, **changes: Any) -> Spec:
    """The spec of a space over these customers; a month is an interval."""
    source = {"table": TABLE, "key": KEY, "updated_at": UPDATED_AT, "history": "versions"}
    log1p = {"kind": "numeric", "transform": "log1p"}
    content: dict[str, Any] = {
        "space": space,
        "source": {**source, **changes.pop("source", {})},
        "schedule": "0 0 1 * *",
        "metric": "l2",
        "features": {
            "first_purchase": "date",
            "last_purchase": "date",
            "frequency": log1p,
            "monetary": log1p,
        },
        "clustering": {"algorithms": ["kmeans", "hdbscan"], **changes.pop("clustering", {})},
        # The shop has just opened: every month most customers are new, and all dates drift.
        "gates": {"max_drift": 1000.0},
    }
    return spec_from_dict({**content, **changes}, where="CDNOW")
