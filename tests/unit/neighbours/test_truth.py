"""The sample of customers with their exact neighbours, which all searches are compared with."""

import numpy as np
import pytest

from kindred.neighbours import truth as truth_module
from kindred.neighbours.changes import find_changes
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.search_plan import plan_graph
from kindred.neighbours.truth import EarlierTruth, Truth, find_truth
from kindred.spec.metrics import Metric
from unit.graph_cases import clustered, plain_neighbours, stored_and_read


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
    again = Truth.from_arrays(stored_and_read(truth.arrays))
    for name, values in truth.arrays.items():
        np.testing.assert_array_equal(getattr(again, name), values)


@pytest.mark.parametrize("metric", list(Metric), ids=str)
def test_a_truth_that_goes_on_from_an_earlier_one_is_the_same(metric, monkeypatch):
    rng = np.random.default_rng(7)
    vectors = np.round(clustered(700, 3), 1)  # with ties
    customers = np.arange(700)
    stayed = np.sort(rng.choice(700, 670, replace=False))
    now = np.concatenate([vectors[stayed], np.round(clustered(20, 3, seed=5), 1)])
    moved = rng.choice(670, 15, replace=False)
    now[moved] += np.float32(0.1)
    now[650:655] = 0.0
    customers_now = np.concatenate([customers[stayed], np.arange(1_000, 1_020)])
    both = [(v, find_distinct(v, eligible(metric, v))) for v in (vectors, now)]
    sizes = {"tuning_size": 60, "measuring_size": 70, "by_content": True, "seed": 3}
    before, whole = (find_truth(v, metric, 5, distinct, **sizes) for v, distinct in both)
    changes = find_changes(customers, vectors, customers_now, now)
    earlier = EarlierTruth(before, changes.rows_now, changes.arrived)
    searched = []
    known = truth_module.exact_neighbours

    def counting(queries, base, *args, **options):
        searched.append((len(queries), len(base)))
        return known(queries, base, *args, **options)

    monkeypatch.setattr(truth_module, "exact_neighbours", counting)
    found = find_truth(now, metric, 5, both[1][1], earlier=earlier, **sizes)
    for name, values in whole.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], values)
    # Most are only compared with those who have arrived.
    assert searched[0][1] < 50
    assert searched[1][0] < 0.6 * len(found.rows)


def test_a_customer_has_stayed_if_the_vector_has_bit_by_bit():
    vectors = np.array([[1.0], [2.0], [2.0], [3.0], [0.0], [5.0], [6.0]], dtype=np.float32)
    now = np.array([[1.0], [2.0], [9.0], [3.0], [3.0], [-0.0], [5.0]], dtype=np.float32)
    # 25 and 45 are new, 30 and 70 gone, 50 has a zero of the other sign
    before, after = ([10, 20, 30, 40, 50, 60, 70], [10, 20, 25, 40, 45, 50, 60])
    changes = find_changes(np.array(before), vectors, np.array(after), now)
    assert changes.rows_now.tolist() == [0, 1, -1, 3, -1, 6, -1]
    assert changes.arrived.tolist() == [2, 4, 5]
    none = find_changes(np.array([], dtype=np.int64), vectors[:0], np.array(after), now)
    assert none.arrived.tolist() == list(range(7))


def test_the_sample_of_an_encoder_stays_as_far_as_its_customers_do():
    vectors = np.random.default_rng(0).normal(size=(9_000, 4)).astype(np.float32)
    later = np.concatenate([vectors[100:], vectors[:50] + np.float32(1.0)])
    before, after = (truth_of(v, k=1, by_content=True) for v in (vectors, later))
    for part in ("tuning", "measuring"):
        rows = [truth.rows[getattr(truth, part)] for truth in (before, after)]
        assert [len(r) for r in rows] == [2_000, 2_000]
        values = [set(map(tuple, v[r])) for v, r in zip((vectors, later), rows, strict=True)]
        assert len(values[0] & values[1]) > 1_900
    assert not np.intersect1d(after.tuning, after.measuring).size
    order = np.random.default_rng(1).permutation(9_000)
    shuffled = truth_of(vectors[order], k=1, by_content=True)
    assert sorted(order[shuffled.rows].tolist()) == before.rows.tolist()
