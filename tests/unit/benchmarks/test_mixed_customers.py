"""The mixed table of benchmarks: seeded, unlike columns, and the spec that inference proposes."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import csv as arrow_csv

from benchmarks import mixed_customers as mixed
from kindred.infer.files import read_csv
from kindred.infer.kinds import Use
from kindred.infer.proposal import Roles, propose

ROWS = 3_000


@pytest.fixture(scope="module")
def frame():
    return mixed.make_frame(0, ROWS)


@pytest.fixture(scope="module")
def table():
    return mixed.source_table(ROWS)


def test_customers_are_seeded_and_do_not_depend_on_how_many_there_are(frame):
    across = mixed.make_frame(mixed.BLOCK_ROWS - 5, mixed.BLOCK_ROWS + 5)
    assert across[mixed.KEY].tolist() == list(range(4_996, 5_006))
    more = mixed.make_frame(0, mixed.BLOCK_ROWS + 5)
    pd.testing.assert_frame_equal(frame, more.iloc[:ROWS])
    pd.testing.assert_frame_equal(across, more.iloc[-10:].reset_index(drop=True))


def test_there_are_twelve_numbers_three_booleans_and_five_categories(frame):
    kinds = [given["kind"] for given in mixed.features().values()]
    assert [kinds.count(kind) for kind in ("numeric", "boolean", "categorical")] == [12, 3, 5]
    values = [frame[category.name].nunique() for category in mixed.CATEGORIES]
    assert values == [46, 20, 4, 3, 3]  # the 4 rare regions are none of the first customers'
    assert [category.values for category in mixed.CATEGORIES] == [50, 20, 4, 3, 3]
    missing = frame.isna().mean()
    assert (missing[missing > 0].index.tolist()) == [
        "annual_income", "basket_value", "days_since_order", "has_newsletter",
        "occupation", "device",
    ]  # fmt: skip
    for name, least in {"spend_12m": 3.0, "basket_value": 2.0, "visits_30d": 2.0}.items():
        assert frame[name].skew() > least
    most = frame["region"].value_counts()
    assert most.iloc[0] > 10 * most.iloc[-1]


def test_columns_correlate_in_several_directions(frame):
    numbers = frame[[column.name for column in mixed.NUMERIC]].rank()
    sizes = np.linalg.eigvalsh(numbers.corr().to_numpy())[::-1]
    assert sizes[0] < 0.4 * sizes.sum()  # not one trait alone
    assert (sizes[:4] > 1.0).all()
    assert sizes[-1] < 0.5


def test_the_features_are_those_that_inference_proposes(table):
    names = [column.name for column in table.columns]
    values = [
        column.values.dictionary_decode()
        if isinstance(column.values, pa.DictionaryArray)
        else column.values
        for column in table.columns
    ]
    written = io.BytesIO()
    arrow_csv.write_csv(pa.table(values, names=names), written)
    roles = Roles(mixed.KEY, mixed.UPDATED_AT, mixed.LABELS)
    proposal = propose(table.name, roles, read_csv(written.getvalue(), roles))
    uses = {decision.column: decision for decision in proposal.decisions}
    proposed = {name: dict(d.settings) for name, d in uses.items() if d.use is Use.FEATURE}
    assert proposed == mixed.features()
    assert [label.column for label in proposal.labels] == list(mixed.LABELS)


def test_the_encoder_makes_about_a_hundred_dimensions_of_them():
    vectors = mixed.make_vectors(ROWS)
    assert vectors.dtype == np.float32
    assert 92 <= vectors.shape[1] <= 100
    assert len(vectors) == ROWS
    assert np.isfinite(vectors).all()


def test_another_number_of_columns_keeps_the_categories():
    assert len(mixed.features(40)) == 40
    assert len(set(mixed.features(40))) == 40
    assert list(mixed.features(mixed.FEWEST)) == [
        "age", *mixed.BOOLEANS, *(category.name for category in mixed.CATEGORIES)
    ]  # fmt: skip
    with pytest.raises(ValueError, match="columns: found 8, at least 9 are needed"):
        mixed.population(8)


def test_the_source_has_nulls_where_values_are_missing(table, frame):
    for column in table.columns:
        missing = int(frame[column.name].isna().sum())
        assert column.values.null_count == missing, column.name
        assert len(column.values) == ROWS
