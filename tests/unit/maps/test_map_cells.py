"""Customers per cell of a grid over a map."""

import numpy as np
import pytest

from kindred.maps import density
from kindred.maps.density import (
    EVERYBODY,
    MOST_COLUMNS,
    MOST_ROWS,
    OTHERS,
    SEGMENTS_TOLD_APART,
    cell_size,
    count_cells,
)


def array(places):
    return np.array(places, dtype=np.float32).reshape(-1, 2)


def crowd(count=5_000, seed=7):
    return np.random.default_rng(seed).standard_normal((count, 2)).astype(np.float32)


MAPS = {
    "nobody": array([]),
    "one": array([[3.5, -2.25]]),
    "one place far away": array([[1e30, -1e30]] * 5),
    "a line": array([[x, 4.0] for x in range(-50, 50)]),
    "a high line": array([[4.0, y] for y in range(-500, 500)]),
    "everybody": crowd(),
    "one far out": np.concatenate([crowd(), array([[1e6, 0]])]),
    "alike but far away": array([[2.0**24, 2.0**24], [2.0**24 + 2, 2.0**24]]),
    "at the origin": array([[0, 0]] * 3),
}


@pytest.mark.parametrize("places", MAPS.values(), ids=MAPS.keys())
def test_every_customer_is_counted_once_and_the_grid_is_bounded(places):
    size = cell_size(places)
    labels = {"kmeans": np.arange(len(places), dtype=np.int32) % 20 - 1}
    found = count_cells(places, size, labels)
    assert found.keys() == {EVERYBODY, "kmeans"}
    for counts in found.values():
        assert counts.customers.sum() == len(places)
        assert (counts.customers > 0).all()
        for numbers, most in ((counts.columns, MOST_COLUMNS), (counts.rows, MOST_ROWS)):
            assert len(numbers) == 0 or int(numbers.max()) - int(numbers.min()) < most


@pytest.mark.parametrize("block", [7, 1_000])
def test_cells_are_those_of_a_loop(monkeypatch, block):
    monkeypatch.setattr(density, "_BLOCK", block)
    places, size = crowd(300), 0.25
    labels = np.random.default_rng(1).integers(-1, 16, 300).astype(np.int32)
    expected = {}
    for (x, y), label in zip(places.tolist(), labels.tolist(), strict=True):
        told = label if 0 <= label < SEGMENTS_TOLD_APART else OTHERS
        key = (int(x // size), int(y // size), told)
        expected[key] = expected.get(key, 0) + 1
    counts = count_cells(places, size, {"kmeans": labels})["kmeans"]
    columns = (counts.columns, counts.rows, counts.labels, counts.customers)
    found = list(zip(*(values.tolist() for values in columns), strict=True))
    assert found == sorted((*key, customers) for key, customers in expected.items())


def test_the_size_uses_the_grid_well_and_says_nothing_of_a_single_customer():
    places = crowd()
    size = cell_size(places)
    columns = np.ptp(np.floor(places[:, 0] / size))
    rows = np.ptp(np.floor(places[:, 1] / size))
    assert max(columns / MOST_COLUMNS, rows / MOST_ROWS) > 0.8
    # It stays where whoever is outermost moves a little.
    outermost = places[:, 0].argmax()
    moved = places.copy()
    moved[outermost, 0] *= 1.001
    assert cell_size(moved) == size
    assert np.frexp(size)[0] * 16 % 1 == 0
