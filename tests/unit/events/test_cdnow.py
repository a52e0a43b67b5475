"""CDNOW's purchases as events give what its table of versions has, at any moment."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import cdnow
from benchmarks.purchases import events_of, microseconds
from kindred.events import aggregates

ROOT = Path(__file__).resolve().parents[3]
PATH = Path(os.environ.get("KINDRED_TEST_DATA", ROOT.parent / "shared" / "data")) / cdnow.FILE


@pytest.mark.parametrize("moment", ["1997-01-02", "1997-04-01", "1998-07-01"])
def test_recency_frequency_and_monetary_value(moment):
    if not PATH.is_file():
        pytest.skip(f"{PATH} is not there; KINDRED_TEST_DATA names the folder of test data")
    purchases = cdnow.read_purchases(PATH)
    days = pd.Series(pd.to_datetime(purchases["date"]))
    frame = purchases.assign(day=(days - pd.Timestamp(0)).dt.days)
    events = events_of(frame, cdnow.KEY, "day", days)
    known = cdnow.versions(purchases)
    known = known[pd.to_datetime(known["last_purchase"]) < moment]
    newest = known.groupby(cdnow.KEY).last().reindex(events.customers)
    order = np.argsort(purchases[cdnow.KEY], kind="stable")
    lines = events.lines
    values = purchases["dollar_value"].to_numpy()[order]
    is_known = lines.at < microseconds(moment)
    lines, values = lines.take(is_known), values[is_known]
    customers = len(events.customers)
    last = pd.to_datetime(newest["last_purchase"])
    recency = (last - pd.Timestamp(0)) / pd.Timedelta(days=1)
    np.testing.assert_array_equal(aggregates.last_purchase_days(lines, customers), recency)
    np.testing.assert_array_equal(
        aggregates.count_distinct(lines, lines.items, customers), newest["frequency"].fillna(0)
    )
    np.testing.assert_allclose(
        aggregates.total(lines, values, customers), newest["monetary"].fillna(0), rtol=1e-12
    )
    assert newest["frequency"].notna().sum() > 200
