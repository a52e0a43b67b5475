"""Segments of customers that hardly have any: few, equal, scattered, all alike."""

import numpy as np
import pytest

from kindred.segments.clusters import NOISE
from kindred.segments.kmeans.kmeans import cluster_kmeans
from kindred.spec.clustering import DbscanSettings, HdbscanSettings, KMeansSettings
from kindred.spec.metrics import Metric
from unit.cluster_cases import ALGORITHMS, assert_sound, cluster, groups

DENSITY = ALGORITHMS[1:]
DISTANCES = pytest.mark.parametrize("metric", [Metric.L2, Metric.COSINE])


@DISTANCES
@pytest.mark.parametrize("algorithm", DENSITY)
def test_zero_vectors_under_cosine_are_noise(algorithm, metric):
    vectors, _ = groups(noise=0)
    vectors[10:90] = 0.0
    clusters = cluster(algorithm, vectors, metric)
    assert_sound(clusters, len(vectors))
    if metric is Metric.COSINE:
        assert (clusters.labels[10:90] == NOISE).all()
        assert (clusters.nearest_labels[10:90] == 0).all()
        assert clusters.labels.max() == 2
    else:
        assert len(np.unique(clusters.labels[10:90])) == 1


@DISTANCES
@pytest.mark.parametrize("rows", [0, 1, 2, 3, 29])
@pytest.mark.parametrize("algorithm", ["hdbscan", "hdbscan from the graph"])
def test_fewer_customers_than_a_cluster_are_all_noise(algorithm, rows, metric):
    clusters = cluster(algorithm, groups()[0][:rows], metric)
    assert_sound(clusters, rows)
    assert (clusters.labels == NOISE).all()


@DISTANCES
@pytest.mark.parametrize("rows", [0, 1, 4])
def test_fewer_customers_than_make_one_core_are_all_noise(rows, metric):
    settings = DbscanSettings(eps=1000.0 if metric is Metric.L2 else 2.0, min_samples=5)
    clusters = cluster("dbscan", groups()[0][:rows], metric, settings=settings)
    assert_sound(clusters, rows)
    assert (clusters.labels == NOISE).all()


@DISTANCES
@pytest.mark.parametrize("rows", [2, 3, 4, 5, 30])
@pytest.mark.parametrize("kind", ["different", "identical", "zero"])
@pytest.mark.parametrize("min_samples", [2, 12])
@pytest.mark.parametrize("algorithm", DENSITY)
def test_density_of_very_few_or_equal_customers(algorithm, rows, kind, min_samples, metric):
    vectors = groups()[0][:rows]
    vectors = {"different": vectors, "identical": vectors[[0] * rows], "zero": vectors * 0}[kind]
    settings = HdbscanSettings(min_cluster_size=2, min_samples=min_samples)
    if algorithm == "dbscan":
        settings = DbscanSettings(min_samples=min_samples)
    clusters = cluster(algorithm, vectors, metric, settings=settings)
    assert_sound(clusters, rows)


@pytest.mark.parametrize("metric", list(Metric))
@pytest.mark.parametrize("k", [3, "auto"])
@pytest.mark.parametrize("rows", [0, 1, 2, 3, 40])
def test_kmeans_of_very_few_or_equal_customers(rows, k, metric):
    vectors = groups()[0][:rows]
    for cases in (vectors, vectors * 0, vectors[[0] * rows]):
        clusters = cluster_kmeans(cases, KMeansSettings(k=k, k_max=5), metric, seed=0)
        assert_sound(clusters, rows)
        assert (clusters.labels >= 0).all()


@pytest.mark.parametrize("algorithm", DENSITY)
def test_a_thousand_identical_customers_are_one_cluster_among_others(algorithm):
    vectors, truth = groups(900, noise=0)
    vectors = np.vstack([vectors, np.full((1000, 5), -40.0, dtype=np.float32)])
    # More than half of the distances are 0, so the knee is too.
    settings = DbscanSettings(eps=2.5, min_samples=5) if algorithm == "dbscan" else None
    clusters = cluster(algorithm, vectors, settings=settings)
    assert_sound(clusters, 1900)
    assert np.unique(clusters.labels[900:]).tolist() == [0]
    assert (clusters.membership[900:] == 1.0).all()
    assert not (clusters.labels[:900] == 0).any()
    for group in range(3):
        labels = clusters.labels[:900][truth == group]
        assert len(np.unique(labels[labels >= 0])) == 1


@pytest.mark.parametrize("algorithm", DENSITY)
def test_identical_customers_amid_others_share_everything(algorithm):
    vectors, _ = groups()
    vectors[200:215] = vectors[200]
    vectors[300:600] = vectors[300]
    clusters = cluster(algorithm, vectors)
    assert_sound(clusters, len(vectors))
    for block in (slice(200, 215), slice(300, 600)):
        assert len(np.unique(clusters.labels[block])) == 1
        assert len(np.unique(clusters.membership[block])) == 1
        assert len(np.unique(clusters.nearest_labels[block])) == 1


@pytest.mark.parametrize("algorithm", ["hdbscan", "hdbscan from the graph"])
def test_one_giant_cluster_is_no_cluster(algorithm):
    """The root is never selected: one group that does not split is noise."""
    vectors = np.random.default_rng(2).normal(size=(800, 4)).astype(np.float32)
    settings = HdbscanSettings(min_cluster_size=300, min_samples=5)
    clusters = cluster(algorithm, vectors, settings=settings)
    assert_sound(clusters, 800)
    assert (clusters.labels == NOISE).all()


def test_dbscan_of_one_giant_cluster_and_of_nothing_but_noise():
    vectors = np.random.default_rng(2).normal(size=(800, 4)).astype(np.float32)
    wide = cluster("dbscan", vectors, settings=DbscanSettings(eps=50.0, min_samples=5))
    assert_sound(wide, 800)
    assert (wide.labels == 0).all()
    narrow = cluster("dbscan", vectors, settings=DbscanSettings(eps=1e-6, min_samples=5))
    assert_sound(narrow, 800)
    assert (narrow.labels == NOISE).all()


@DISTANCES
@pytest.mark.parametrize("algorithm", DENSITY)
def test_parallel_vectors(algorithm, metric):
    """Under cosine they are all at distance 0, though no two are equal."""
    vectors = np.outer(np.linspace(0.1, 9.0, 300), [1.0, 2.0, -3.0]).astype(np.float32)
    assert_sound(cluster(algorithm, vectors, metric), 300)
