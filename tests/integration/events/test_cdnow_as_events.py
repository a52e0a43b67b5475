"""CDNOW as events gives the recency, frequency and monetary value of its table of versions."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import cdnow
from integration.warehouse import make_spec, moment
from kindred.events.populations import population_as_of, read_population

ROOT = Path(__file__).resolve().parents[3]
PATH = Path(os.environ.get("KINDRED_TEST_DATA", ROOT.parent / "shared" / "data")) / cdnow.FILE
PURCHASES = {"of": "purchases"}
SPEC = make_spec(
    source={"table": "customers", "key": "customer_id", "updated_at": "updated_at"},
    events={
        "purchases": {
            "table": "purchases",
            "customer": "customer_id",
            "at": "date",
            "amount": "dollar_value",
            "quantity": "number_of_cds",
        }
    },
    features={
        "last_purchase": "date",
        "frequency": "numeric",
        "monetary": "numeric",
        "last_event": {"kind": "recency", **PURCHASES},
        "days_with_events": {"kind": "distinct_count", "column": "date", **PURCHASES},
        "spent": {"kind": "sum", "column": "amount", **PURCHASES},
    },
    labels=[],
)
EVERY = 20
"""One customer in so many: 1,178."""


@pytest.fixture(scope="module")
def landed(make_laboratory):
    if not PATH.is_file():
        pytest.skip(f"{PATH} is not there; KINDRED_TEST_DATA names the folder of test data")
    laboratory = make_laboratory()
    purchases = cdnow.read_purchases(PATH, EVERY)
    columns = ["customer_id", "updated_at", "last_purchase", "frequency", "monetary"]
    laboratory.fill(
        "customers",
        "customer_id bigint, updated_at date, last_purchase date, frequency bigint,"
        " monetary double precision",
        cdnow.versions(purchases)[columns].itertuples(index=False, name=None),
    )
    laboratory.fill(
        "purchases",
        "customer_id bigint, date date, number_of_cds integer, dollar_value double precision",
        purchases.itertuples(index=False, name=None),
    )
    return laboratory.land(SPEC, "1998-07-01T02:00")


@pytest.mark.parametrize("date", ["1997-01-20", "1997-04-01T02:00", "1998-07-01"])
def test_both_ways_give_the_same(landed, date):
    frames = []
    with landed.warehouse("test") as database:
        population = population_as_of(database, landed, moment(date), "test")
        read_population(database, landed, population, lambda *block: frames.append(block[2]))
    found = pd.concat(frames)
    assert len(found) > 100
    np.testing.assert_array_equal(found["last_event"], found["last_purchase"])
    np.testing.assert_array_equal(found["days_with_events"], found["frequency"])
    np.testing.assert_allclose(found["spent"], found["monetary"], rtol=1e-12)
