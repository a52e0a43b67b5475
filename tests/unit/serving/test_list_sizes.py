"""Drift of list sizes: nothing for other customers of the same kind, much for other kinds."""

import numpy as np
import pytest

from kindred.serving.list_sizes import LISTS, count_rows, find_list_sizes, measure_drift
from kindred.spec.metrics import Metric


def people(rows: int, seed: int, shift: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    groups = np.random.default_rng(1).standard_normal((8, 6)) * 3
    chosen = random.integers(0, 8, rows)
    return (groups[chosen] + random.standard_normal((rows, 6)) + shift).astype(np.float32)


@pytest.mark.parametrize("metric", list(Metric))
def test_every_row_is_in_one_list(metric):
    vectors = people(3_000, seed=2)
    vectors[::100] = 0
    found = find_list_sizes(vectors, metric, seed=1)
    assert found.centroids.shape == (LISTS, 6)
    assert found.sizes.sum() == (3_000 - 30 if metric is Metric.COSINE else 3_000)
    assert (found.sizes == count_rows(found.centroids, vectors, metric)).all()


@pytest.mark.parametrize("metric", list(Metric))
def test_the_same_rows_have_not_moved(metric):
    vectors = people(3_000, seed=2)
    drift = measure_drift(find_list_sizes(vectors, metric, seed=1), vectors[::-1], metric)
    assert drift.list_drift == 0
    assert drift.list_drift_noise > 0


def test_other_customers_of_the_same_kind_are_noise():
    built = find_list_sizes(people(4_000, seed=2), Metric.L2, seed=1)
    drifts = [measure_drift(built, people(4_000, seed), Metric.L2) for seed in range(3, 23)]
    assert sum(drift.list_drift > drift.list_drift_noise for drift in drifts) <= 1
    assert max(drift.list_drift for drift in drifts) < 0.1


def test_a_shift_is_seen():
    built = find_list_sizes(people(4_000, seed=2), Metric.L2, seed=1)
    little, much = (measure_drift(built, people(4_000, 3, by), Metric.L2) for by in (0.5, 2.0))
    assert little.list_drift > little.list_drift_noise
    assert much.list_drift > max(0.25, little.list_drift)


def test_the_same_seed_gives_the_same_lists():
    vectors = people(2_000, seed=2)
    first, again = (find_list_sizes(vectors, Metric.L2, seed=4) for _ in range(2))
    assert (first.centroids == again.centroids).all()
