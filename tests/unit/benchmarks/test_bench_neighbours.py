"""The benchmark of neighbours: its own small computations, by hand."""

import datetime as dt

import numpy as np
import pandas as pd

from benchmarks import tables
from benchmarks.neighbours import RESAMPLES, interval_of_ratio, nearest, plain_vectors
from kindred.spec.features import Kind, feature


def test_a_customer_is_not_its_own_neighbour():
    line = np.array([[0.0], [1.0], [3.0], [7.0]], dtype=np.float32)
    assert nearest(line, 2).tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]


def test_not_even_among_customers_who_are_all_equal():
    found = nearest(np.zeros((30, 2), dtype=np.float32), 5)
    assert found.shape == (30, 5)
    assert not (found == np.arange(30)[:, None]).any()
    assert all(len(set(row)) == 5 for row in found.tolist())


def test_the_interval_of_a_ratio():
    ours = np.array([0.2, 0.4, 0.6, 0.8] * 50)
    assert interval_of_ratio(ours, ours) == (1.0, 1.0)
    low, high = interval_of_ratio(ours, np.full(200, 0.5))
    assert 0.8 < low < 1.0 < high < 1.2
    # Of independent customers: the normal interval of the mean, of 0.05 / sqrt(200) * 1.96 / 0.5.
    half = 1.96 * ours.std() / np.sqrt(200) / 0.5
    np.testing.assert_allclose([low, high], [1 - half, 1 + half], atol=0.02)
    assert RESAMPLES >= 2000


def test_plain_vectors_are_standardised_and_one_hot():
    frame = pd.DataFrame(
        {"age": [1.0, np.nan, 3.0], "state": np.array(["a", None, "a"], dtype=object)}
    )
    features = {"age": feature("numeric"), "state": feature("categorical")}
    root = np.float32(np.sqrt(1.5))
    expected = [[-root, 1, 0], [0, 0, 1], [root, 1, 0]]
    np.testing.assert_allclose(plain_vectors(frame, features), expected, rtol=1e-6)


def test_values_as_the_encoder_takes_them():
    numbers = tables.encodable([1, None, True], Kind.NUMERIC)
    np.testing.assert_array_equal(numbers, [1.0, np.nan, 1.0])
    assert tables.encodable(["a", None, 3], Kind.CATEGORICAL).tolist() == ["a", None, "3"]
    days = tables.encodable([dt.date(1970, 1, 3), None], Kind.DATE)
    np.testing.assert_array_equal(days, [2.0, np.nan])


def test_the_demo_customers_with_the_demo_spec():
    table = tables.loans()
    assert len(table.frame) == len(table.is_positive) == 10_000
    assert list(table.frame.columns) == list(table.features)
    assert 0.2 < table.is_positive.mean() < 0.3
