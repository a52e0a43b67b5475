"""Exact neighbours among what serves, from those of the new snapshot and the difference."""

from dataclasses import replace

import numpy as np
import pytest

from kindred.encoding.embeddings import Embeddings
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.exact import exact_neighbours
from kindred.neighbours.truth import find_truth
from kindred.serving import serving_truth
from kindred.serving.difference import Difference, compare_block, serving_embeddings
from kindred.serving.serving_truth import kth_in_serving, sample_serving
from kindred.spec.metrics import Metric
from kindred.warehouse.keys import KeyType

K, ROWS = 5, 4_000


def embeddings(customers: np.ndarray, vectors: np.ndarray) -> Embeddings:
    updated_at = np.zeros(len(customers), dtype=np.int64)
    return Embeddings(KeyType.BIGINT, customers, vectors.astype(np.float32), updated_at, 1)


def serving_rows() -> Embeddings:
    """Vectors on a coarse grid: many customers share theirs, and some are zero."""
    grid = np.random.default_rng(1).integers(-2, 3, (ROWS, 4))
    return embeddings(np.arange(1, ROWS + 1), grid)


def night(serving: Embeddings, share: float) -> Embeddings:
    """A share of the customers moves, some leave, some are new."""
    random = np.random.default_rng(2)
    moved = random.random(ROWS) < share
    vectors = serving.vectors.copy()
    vectors[moved] = random.integers(-2, 3, (moved.sum(), 4))
    stays = random.random(ROWS) >= share / 4
    arrivals = random.integers(-2, 3, (int(share * 400), 4))
    customers = [serving.customers[stays], ROWS + 1 + np.arange(len(arrivals))]
    return embeddings(np.concatenate(customers), np.concatenate([vectors[stays], arrivals]))


def compared(serving: Embeddings, new: Embeddings) -> Difference:
    difference = Difference(np.ones(len(new.customers), dtype=np.bool_))
    compare_block(
        difference,
        (serving.customers, serving.vectors, serving.updated_at),
        (new.customers, new.vectors, new.updated_at),
    )
    return difference


@pytest.mark.parametrize("metric", list(Metric))
@pytest.mark.parametrize("share", [0.0, 0.01, 0.15])
def test_the_distances_are_those_of_an_exact_search_of_what_serves(metric, share):
    serving = serving_rows()
    new = night(serving, share)
    difference = compared(serving, new)
    distinct = find_distinct(new.vectors, eligible(metric, new.vectors))
    truth = find_truth(new.vectors, metric, K, distinct, seed=3)
    there = serving_embeddings(difference, new)
    assert there.vectors.tobytes() == serving.vectors.tobytes()
    rows, kth = kth_in_serving(truth, new, difference, there, metric, seed=4)
    assert len(set(rows)) == len(rows) >= 250
    _, exact = exact_neighbours(there.vectors[rows], there.vectors, metric, K, exclude=rows)
    assert kth.tolist() == exact[:, -1].tolist()


@pytest.mark.parametrize("metric", list(Metric))
def test_where_too_much_changes_everything_is_searched(metric, monkeypatch):
    serving = serving_rows()
    new = night(serving, 0.95)
    difference = compared(serving, new)
    distinct = find_distinct(new.vectors, eligible(metric, new.vectors))
    truth = find_truth(new.vectors, metric, K, distinct, seed=3)
    there = serving_embeddings(difference, new)
    assert len(kth_in_serving(truth, new, difference, there, metric, seed=4)[0]) < 250
    given = (new, difference, there, metric, K)
    rows, kth = sample_serving(truth, *given, seed=4)
    assert len(rows) == 500
    _, exact = exact_neighbours(there.vectors[rows], there.vectors, metric, K, exclude=rows)
    assert kth.tolist() == exact[:, -1].tolist()
    without = sample_serving(None, *given, seed=4)
    assert [a.tolist() for a in without] == [rows.tolist(), kth.tolist()]


def test_a_quiet_night_searches_nothing(monkeypatch):
    monkeypatch.setattr(serving_truth, "find_truth", None)
    serving = serving_rows()
    new = night(serving, 0.01)
    difference = compared(serving, new)
    distinct = find_distinct(new.vectors, eligible(Metric.L2, new.vectors))
    truth = find_truth(new.vectors, Metric.L2, K, distinct, seed=3)
    there = serving_embeddings(difference, new)
    rows, _ = sample_serving(truth, new, difference, there, Metric.L2, K, seed=4)
    assert len(rows) > 400


def test_no_sample_where_there_are_too_few_customers():
    few = replace(serving_rows(), customers=np.arange(5), vectors=np.ones((5, 4), np.float32))
    difference = Difference(np.zeros(5, dtype=np.bool_))
    rows, kth = sample_serving(None, few, difference, few, Metric.L2, K, seed=4)
    assert (len(rows), len(kth)) == (0, 0)
