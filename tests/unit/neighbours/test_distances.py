import math

import numpy as np
import pytest

from kindred.neighbours.distances import distances, eligible, normalised
from kindred.spec.metrics import Metric


def naive(metric, left, right):
    products = math.fsum(a * b for a, b in zip(left, right, strict=True))
    if metric is Metric.L2:
        return math.sqrt(math.fsum((a - b) ** 2 for a, b in zip(left, right, strict=True)))
    if metric is Metric.INNER_PRODUCT:
        return -products
    lengths = math.sqrt(math.fsum(a * a for a in left) * math.fsum(b * b for b in right))
    return 1 - products / lengths


@pytest.mark.parametrize("metric", list(Metric))
def test_distances_are_pgvectors_operator_values(metric):
    rng = np.random.default_rng(1)
    left, right = rng.normal(size=(2, 200, 31)).astype(np.float32)
    found = distances(metric, left, right)
    assert found.dtype == np.float32
    expected = [naive(metric, a, b) for a, b in zip(left.tolist(), right.tolist(), strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-14)


@pytest.mark.parametrize("metric", list(Metric))
def test_a_pairs_distance_depends_on_the_pair_alone(metric):
    rng = np.random.default_rng(2)
    left, right = rng.normal(size=(2, 40_000, 5)).astype(np.float32)
    together = distances(metric, left, right)
    assert distances(metric, right, left).tobytes() == together.tobytes()
    assert distances(metric, left[-7:], right[-7:]).tobytes() == together[-7:].tobytes()
    fortran = distances(metric, np.asfortranarray(left), right)
    assert fortran.tobytes() == together.tobytes()


def test_equal_and_opposite_vectors_have_exact_cosine_distances():
    vectors = np.random.default_rng(3).normal(size=(500, 17)).astype(np.float32)
    assert not distances(Metric.COSINE, vectors, vectors).any()
    assert (distances(Metric.COSINE, vectors, -vectors) == 2.0).all()


def test_zero_vectors_are_ineligible_under_cosine_only():
    vectors = np.array([[0.0, 0.0], [-0.0, 0.0], [0.0, 1e-45], [1.0, 0.0]], dtype=np.float32)
    assert eligible(Metric.COSINE, vectors).tolist() == [False, False, True, True]
    assert eligible(Metric.L2, vectors).all()
    assert eligible(Metric.INNER_PRODUCT, vectors).all()
    found = distances(Metric.COSINE, vectors, vectors)
    assert np.isnan(found).tolist() == [True, True, False, False]


def test_normalised_vectors_have_length_one_and_zeros_stay():
    vectors = np.array([[3.0, 4.0], [0.0, 0.0], [0.0, 1e-30]], dtype=np.float32)
    np.testing.assert_allclose(normalised(vectors), [[0.6, 0.8], [0, 0], [0, 1]], rtol=1e-6)


@pytest.mark.parametrize("metric", list(Metric))
def test_no_pairs(metric):
    empty = np.empty((0, 3), dtype=np.float32)
    assert distances(metric, empty, empty).shape == (0,)
    assert eligible(metric, empty).shape == (0,)
    assert normalised(empty).shape == (0, 3)
