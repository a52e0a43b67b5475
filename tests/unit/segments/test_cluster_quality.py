"""Medoids, silhouettes and the agreement of two nights."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_score

from kindred.neighbours.distances import normalised
from kindred.segments.profiles import cluster_quality, medoid
from kindred.segments.profiles.cluster_quality import (
    adjusted_rand_index,
    measure_quality,
    measure_silhouette,
)
from kindred.segments.profiles.medoid import find_medoids
from kindred.spec.metrics import Metric


def groups(rows=600, dimensions=4, seed=2):
    """Three groups far apart, and noise."""
    rng = np.random.default_rng(seed)
    labels = rng.choice([-1, 0, 1, 2], rows, p=[0.1, 0.4, 0.3, 0.2]).astype(np.int32)
    centers = np.vstack([np.eye(3, dimensions) * 9.0, np.zeros(dimensions)])
    return (centers[labels] + rng.normal(size=(rows, dimensions))).astype(np.float32), labels


@pytest.mark.parametrize("metric", list(Metric))
@pytest.mark.parametrize("block", [7, 10_000])
def test_the_medoid_is_nearest_to_the_mean(metric, block, monkeypatch):
    monkeypatch.setattr(medoid, "ROWS_AT_ONCE", block)
    vectors, labels = groups()
    points = (normalised(vectors) if metric is Metric.COSINE else vectors).astype(np.float64)
    found = find_medoids(vectors, labels, 3, metric)
    for label, row in enumerate(found):
        members = np.flatnonzero(labels == label)
        gaps = np.square(points[members] - points[members].mean(axis=0)).sum(axis=1)
        assert row == members[gaps.argmin()]


@pytest.mark.parametrize("block", [2, 10_000])
def test_of_equally_near_members_the_first_is_the_medoid(block, monkeypatch):
    monkeypatch.setattr(medoid, "ROWS_AT_ONCE", block)
    vectors = np.array([[9], [1], [-1], [1], [-1], [9]], dtype=np.float32)
    labels = np.array([-1, 0, 0, 0, 0, 1], dtype=np.int32)
    assert find_medoids(vectors, labels, 2, Metric.L2).tolist() == [1, 5]


def test_the_silhouette_is_scikit_learns_without_noise():
    vectors, labels = groups()
    is_member = labels >= 0
    found, sample_size = measure_silhouette(vectors, labels, Metric.L2, seed=1)
    assert sample_size == is_member.sum()
    expected = silhouette_score(vectors[is_member].astype(float), labels[is_member])
    assert found == pytest.approx(expected)
    assert found > 0.6


def test_a_large_clustering_is_sampled_by_its_seed(monkeypatch):
    monkeypatch.setattr(cluster_quality, "SILHOUETTE_SAMPLE", 200)
    vectors, labels = groups()
    first, again, other = (
        measure_silhouette(vectors, labels, Metric.L2, seed=s) for s in (1, 1, 2)
    )
    assert first == again != other
    assert first[1] == 200
    whole = silhouette_score(vectors[labels >= 0], labels[labels >= 0])
    assert first[0] == pytest.approx(whole, abs=0.05)


@pytest.mark.parametrize("labels", [[], [0], [-1, -1, -1], [0, 0, 0], [0, 1, 2], [0, 1]])
def test_where_a_silhouette_is_not_defined_there_is_none(labels):
    vectors = np.arange(2.0 * len(labels)).reshape(-1, 2).astype(np.float32)
    found, _ = measure_silhouette(vectors, np.array(labels, dtype=np.int32), Metric.L2, seed=0)
    assert found is None


def table(first, second):
    pairs, counts = np.unique(np.stack([first, second]), axis=1, return_counts=True)
    return [(int(a), int(b), int(n)) for (a, b), n in zip(pairs.T, counts, strict=True)]


@pytest.mark.parametrize("kinds", [(1, 1), (1, 4), (3, 3), (5, 2)])
def test_the_adjusted_rand_index_is_scikit_learns(kinds):
    rng = np.random.default_rng(5)
    first = rng.integers(-1, kinds[0], 300)
    second = np.where(rng.random(300) < 0.7, first, rng.integers(-1, kinds[1], 300))
    found, customers = adjusted_rand_index(table(first, second))
    assert customers == 300
    assert found == pytest.approx(adjusted_rand_score(first, second))


def test_equal_clusterings_agree_and_nobody_does_not():
    assert adjusted_rand_index(table(np.zeros(9), np.zeros(9))) == (1.0, 9)
    assert adjusted_rand_index([(0, 3, 1)]) == (1.0, 1)
    assert adjusted_rand_index([]) == (None, 0)


def test_figures_of_a_clustering():
    vectors, labels = groups()
    found = measure_quality(vectors, labels, Metric.L2, [(0, 8, 10), (1, 9, 10)], seed=1)
    assert (found.customers, found.clusters) == (600, 3)
    assert found.noise_share == (labels == -1).mean()
    assert found.largest_share == (labels == 0).mean()
    assert found.smallest_share == (labels == 2).mean()
    assert (found.stability, found.stability_customers) == (1.0, 20)


def test_all_noise_has_figures_too():
    found = measure_quality(
        np.zeros((4, 2), dtype=np.float32), np.full(4, -1, dtype=np.int32), Metric.L2, [], seed=1
    )
    assert (found.clusters, found.noise_share, found.largest_share) == (0, 1.0, 0.0)
    assert found.silhouette is found.stability is None
