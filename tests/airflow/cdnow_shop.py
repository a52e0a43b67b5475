"""Some of CDNOW's customers for the backfills, with deletions and rows to refuse planted."""

import os
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks import cdnow
from integration.warehouse import Laboratory
from kindred.spec.model import Spec
from local.tables import SourceTable, load_table

# Monthly intervals by their starts; the encoder is fitted on those who bought before the first.
DATES = [datetime.fromisoformat(f"1997-0{month}-01T00:00+00:00") for month in (4, 5)]
AS_OFS = [datetime.fromisoformat(f"1997-0{month}-01T00:00+00:00") for month in (5, 6)]
EVERY = 20
K = 5
TYPES = {**cdnow.TYPES, "is_gone": "boolean"}
GONE_ON = date(1997, 5, 20)
REFUSED = [3, 1]  # a row without a time is one of every window
NOBODY = 99_000


def spec_of(space: str) -> Spec:
    """The spec of a space: all are of equal content."""
    return cdnow.make_spec(
        space,
        source={"tombstone": "is_gone"},
        k=K,
        rewrite_share=0.5,
        clustering={
            "kmeans": {"k": 4},
            "hdbscan": {"min_cluster_size": 20, "min_samples": 5},
        },
    )


def path() -> Path:
    """Where the purchases are, if they are there."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get("KINDRED_TEST_DATA", default)) / cdnow.FILE


def read_purchases() -> pd.DataFrame:
    """The purchases of one customer in twenty; the test is skipped where the file is absent."""
    if not path().is_file():
        pytest.skip(f"{path()} is not there; KINDRED_TEST_DATA names the folder of test data")
    return cdnow.read_purchases(path(), EVERY)


def gone(purchases: pd.DataFrame) -> list[int]:
    """Customers who are deleted on a day of May, having bought nothing in that month."""
    may = purchases[purchases["date"].between(date(1997, 5, 1), date(1997, 5, 31))]
    quiet = set(purchases[cdnow.KEY]) - set(may[cdnow.KEY])
    return sorted(quiet)[::100]


def customers_at(purchases: pd.DataFrame, as_of: datetime) -> int:
    """How many customers a snapshot must have, counted from the purchases alone."""
    known = cdnow.customers_known(purchases, [as_of])[as_of]
    return known - (len(gone(purchases)) if as_of.date() > GONE_ON else 0)


def bad_rows() -> list[dict[str, Any]]:
    """Rows to be refused: no key, no time, a value outside its type, two that differ."""
    return [
        _row(None, date(1997, 2, 10)),
        _row(NOBODY, None),
        _row(NOBODY, date(1997, 3, 10), monetary=float("inf")),
        _row(NOBODY, date(1997, 4, 10), monetary=1.0),
        _row(NOBODY, date(1997, 4, 10), monetary=2.0),
    ]


def late_row() -> dict[str, Any]:
    """A customer nobody has told of yet, from the window of the first date."""
    return _row(NOBODY + 1, date(1997, 4, 15))


def _row(key: int | None, day: date | None, **changes: Any) -> dict[str, Any]:
    moments = {"first_purchase": day, "last_purchase": day}
    amounts = {"frequency": 1, "monetary": 20.0, "is_gone": False}
    return {cdnow.KEY: key, cdnow.UPDATED_AT: day, **moments, **amounts, **changes}


def table_of(purchases: pd.DataFrame, *more: dict[str, Any]) -> SourceTable:
    """The source table with everything that is planted."""
    versions = cdnow.versions(purchases).assign(is_gone=False).to_dict("records")
    empty = dict.fromkeys(TYPES)
    deletions = [
        {**empty, cdnow.KEY: key, cdnow.UPDATED_AT: GONE_ON, "is_gone": True}
        for key in gone(purchases)
    ]
    rows = pd.DataFrame([*versions, *deletions, *bad_rows(), *more], dtype=object)
    return cdnow.source_table(rows, TYPES)


def fill_source(laboratory: Laboratory, purchases: pd.DataFrame, *more: dict[str, Any]) -> None:
    """Make the source table of these purchases, and of more rows."""
    load_table(laboratory.source_dsn, table_of(purchases, *more))
