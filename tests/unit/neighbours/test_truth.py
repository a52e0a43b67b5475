"""The sample of customers with their exact neighbours, which all searches are compared with."""

import io

import numpy as np
import pytest

from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.search_plan import plan_graph
from kindred.neighbours.truth import Truth, find_truth
from kindred.spec.metrics import Metric
from unit.graph_cases import clustered, plain_neighbours


def truth_of(vectors, metric=Metric.L2, k=5, seed=3, **sizes):
    distinct = find_distinct(vectors, eligible(metric, vectors))
    return find_truth(vectors, metric, k, distinct, seed=seed, **sizes)


@pytest.mark.parametrize("metric", list(Metric), ids=str)
def test_the_sample_has_its_exact_neighbours(metric):
    vectors = clustered(500, 6)
    truth = truth_of(vectors, metric, tuning_size=20, measuring_size=30)
    neighbours, distances = plain_neighbours(
        vectors[truth.rows], vectors, metric, 5, exclude=truth.rows
    )
    np.testing.assert_array_equal(truth.neighbours, neighbours)
    np.testing.assert_array_equal(truth.distances, distances)
    np.testing.assert_array_equal(truth.kth, distances[:, -1])


@pytest.mark.parametrize("rows", [1, 2, 99, 400, 4_000, 4_001])
def test_who_chooses_never_measures(rows):
    vectors = np.random.default_rng(0).normal(size=(rows, 2)).astype(np.float32)
    truth = truth_of(vectors)
    assert not np.intersect1d(truth.choosing, truth.measuring).size
    assert len(truth.measuring) == min(2_000, round(rows / 2))
    if rows <= 4_000:
        assert len(truth.choosing) + len(truth.measuring) == len(truth.rows) == rows
    assert (np.diff(truth.rows) > 0).all()


def test_a_large_snapshot_keeps_the_samples_it_always_had():
    """A date that is run again after an upgrade has the same probes and the same recall."""
    vectors = clustered(6_000, 3)
    distinct = find_distinct(vectors, np.ones(6_000, dtype=np.bool_))
    truth = truth_of(vectors, seed=9)
    measured = np.random.default_rng([9, 1]).choice(np.arange(6_000), 2_000, replace=False)
    assert truth.rows[truth.measuring].tolist() == sorted(measured.tolist())
    by_content = np.repeat(distinct.content_order, distinct.sizes[distinct.content_order])
    picked = np.sort(np.random.default_rng([9, 0]).choice(6_000, 2_000, replace=False))
    assert truth.rows[truth.tuning].tolist() == distinct.first_rows[by_content[picked]].tolist()


def test_a_plan_that_is_given_the_truth_is_the_same(monkeypatch):
    monkeypatch.setattr("kindred.neighbours.search_plan.EXACT_LIMIT", 500)
    vectors = clustered(5_000, 6)
    options = {"target_recall": 0.95, "shards": 1, "seed": 3, "recall_k": 5}
    alone = plan_graph(vectors, Metric.L2, 8, **options)
    given = plan_graph(vectors, Metric.L2, 8, truth=truth_of(vectors), **options)
    assert alone.method == "ivf"
    assert alone.parameters == given.parameters
    for name, values in alone.arrays.items():
        np.testing.assert_array_equal(values, given.arrays[name])


def test_a_truth_survives_being_stored():
    truth = truth_of(clustered(300, 4))
    stored = {}
    for name, values in truth.arrays.items():
        file = io.BytesIO()
        np.save(file, values, allow_pickle=False)
        file.seek(0)
        stored[name] = np.load(file, allow_pickle=False)
    again = Truth.from_arrays(stored)
    for name, values in truth.arrays.items():
        np.testing.assert_array_equal(getattr(again, name), values)
