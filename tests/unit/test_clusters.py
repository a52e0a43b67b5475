import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from kindred.cluster import kmeans
from kindred.cluster.clusters import NOISE, Clusters, order_free
from kindred.cluster.density import cluster_hdbscan
from kindred.cluster.kmeans import cluster_kmeans
from kindred.cluster.nearest import nearest_point
from kindred.clustering import HdbscanSettings, KMeansSettings
from kindred.errors import SettingsError
from kindred.metrics import Metric

DENSE = HdbscanSettings(min_cluster_size=30, min_samples=5)


def groups(rows=900, dimensions=5, noise=60, seed=0):
    """Three groups of sizes about 3 : 2 : 1 far apart, and customers scattered everywhere."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, rows, p=[0.5, 0.33, 0.17])
    centers = np.eye(3, dimensions) * 12.0 + 1.0
    vectors = centers[truth] + rng.normal(size=(rows, dimensions))
    truth = np.append(truth, np.full(noise, NOISE))
    scattered = rng.uniform(-15.0, 15.0, size=(noise, dimensions))
    order = rng.permutation(rows + noise)
    return np.vstack([vectors, scattered])[order].astype(np.float32), truth[order]


def cluster(algorithm, vectors, metric=Metric.L2, seed=1):
    if algorithm == "kmeans":
        return cluster_kmeans(vectors, KMeansSettings(k=3), metric, seed=seed)
    return cluster_hdbscan(vectors, DENSE, metric, seed=seed)


def assert_sound(clusters, rows):
    labels, nearest = clusters.labels, clusters.nearest_labels
    assert labels.dtype == nearest.dtype == np.int32
    assert clusters.membership.dtype == np.float32
    assert labels.shape == nearest.shape == clusters.membership.shape == (rows,)
    is_noise = labels == NOISE
    sizes = np.bincount(labels[~is_noise])
    assert (sizes > 0).all()
    assert (np.diff(sizes) <= 0).all()
    assert (clusters.membership >= 0).all()
    assert (clusters.membership <= 1).all()
    assert not clusters.membership[is_noise].any()
    np.testing.assert_array_equal(nearest[~is_noise], labels[~is_noise])
    if sizes.size:
        assert (nearest >= 0).all()
        assert (nearest < sizes.size).all()
    else:
        assert (nearest == NOISE).all()


@pytest.mark.parametrize("metric", [Metric.L2, Metric.COSINE])
@pytest.mark.parametrize("algorithm", ["kmeans", "hdbscan"])
def test_groups_far_apart_are_found(algorithm, metric):
    vectors, truth = groups(noise=0)
    clusters = cluster(algorithm, vectors, metric)
    assert_sound(clusters, len(vectors))
    is_member = clusters.labels != NOISE
    assert is_member.mean() > 0.8
    assert adjusted_rand_score(truth[is_member], clusters.labels[is_member]) > 0.99


@pytest.mark.parametrize("algorithm", ["kmeans", "hdbscan"])
def test_the_order_of_the_rows_changes_no_cluster(algorithm):
    vectors, _ = groups()
    vectors[100:140] = vectors[100]
    order = np.random.default_rng(3).permutation(len(vectors))
    clusters, shuffled = cluster(algorithm, vectors), cluster(algorithm, vectors[order])
    np.testing.assert_array_equal(shuffled.labels, clusters.labels[order])
    np.testing.assert_array_equal(shuffled.membership, clusters.membership[order])
    np.testing.assert_array_equal(shuffled.nearest_labels, clusters.nearest_labels[order])


@pytest.mark.parametrize("algorithm", ["kmeans", "hdbscan"])
def test_neither_a_second_run_nor_threads_change_a_bit(algorithm):
    vectors, _ = groups(3000, 12)
    made = []
    for threads in (1, 2, 2):
        with threadpool_limits(limits=threads):
            made.append(cluster(algorithm, vectors))
    for clusters in made[1:]:
        assert clusters.labels.tobytes() == made[0].labels.tobytes()
        assert clusters.membership.tobytes() == made[0].membership.tobytes()
        assert clusters.nearest_labels.tobytes() == made[0].nearest_labels.tobytes()


def test_kmeans_membership_is_how_much_nearer_the_own_centre_is():
    vectors = np.array([[0, 0], [0, 0], [4, 0], [4, 0], [1, 0]], dtype=np.float32)
    clusters = cluster_kmeans(vectors, KMeansSettings(k=2), Metric.L2, seed=0)
    assert clusters.labels.tolist() == [0, 0, 1, 1, 0]
    # Centres at 1/3 and 4: the last customer is 2/3 from its own, 3 from the other.
    near, far = 1 - (1 / 3) / 4, 1 - (2 / 3) / 3
    np.testing.assert_allclose(clusters.membership, [near, near, 1, 1, far], rtol=1e-6)


def test_kmeans_weighs_repeated_customers_as_often_as_they_occur():
    vectors = np.repeat(np.array([[0.0], [1.0], [9.0]], dtype=np.float32), [50, 1, 5], axis=0)
    clusters = cluster_kmeans(vectors, KMeansSettings(k=2), Metric.L2, seed=0)
    assert np.bincount(clusters.labels).tolist() == [51, 5]


def test_kmeans_takes_no_more_clusters_than_distinct_vectors():
    vectors = np.repeat(np.array([[0.0], [1.0], [5.0]], dtype=np.float32), [4, 3, 3], axis=0)
    clusters = cluster_kmeans(vectors, KMeansSettings(k=8), Metric.L2, seed=0)
    assert clusters.labels.tolist() == [0] * 4 + [1] * 3 + [2] * 3
    assert (clusters.membership == 1).all()


def test_kmeans_under_cosine_sees_directions_only():
    vectors = np.array([[1, 0], [50, 1], [0, 2], [1, 90]], dtype=np.float32)
    clusters = cluster_kmeans(vectors, KMeansSettings(k=2), Metric.COSINE, seed=0)
    assert clusters.labels.tolist() == [0, 0, 1, 1]


def test_kmeans_of_parallel_vectors_warns_of_nothing():
    vectors = np.outer(np.linspace(0.1, 9.0, 300), [1.0, 2.0, -3.0]).astype(np.float32)
    clusters = cluster_kmeans(vectors, KMeansSettings(k=5), Metric.COSINE, seed=0)
    assert_sound(clusters, 300)


def test_mini_batches_find_the_same_groups(monkeypatch):
    monkeypatch.setattr(kmeans, "MINI_BATCH_ABOVE", 500)
    vectors, truth = groups(noise=0)
    clusters = cluster_kmeans(vectors, KMeansSettings(k=3), Metric.L2, seed=0)
    assert clusters.method == "kmeans mini-batch"
    assert adjusted_rand_score(truth, clusters.labels) > 0.99


def test_hdbscan_noise_is_beside_its_nearest_cluster():
    vectors, _ = groups()
    clusters = cluster("hdbscan", vectors)
    assert clusters.method == "hdbscan exact"
    assert_sound(clusters, len(vectors))
    noise = np.flatnonzero(clusters.labels == NOISE)
    members = np.flatnonzero(clusters.labels != NOISE)
    assert len(noise) > 30
    gaps = vectors[noise, None].astype(float) - vectors[members].astype(float)
    nearest = members[np.square(gaps).sum(axis=2).argmin(axis=1)]
    np.testing.assert_array_equal(clusters.nearest_labels[noise], clusters.labels[nearest])


def test_hdbscan_above_its_limit_assigns_the_rest_to_a_sample():
    vectors, _ = groups(6000, noise=300)
    sampled = HdbscanSettings(min_cluster_size=30, min_samples=5, exact_limit=1500)
    clusters = cluster_hdbscan(vectors, sampled, Metric.L2, seed=1)
    assert clusters.method == "hdbscan sample of 1500"
    assert_sound(clusters, len(vectors))
    exact = cluster_hdbscan(vectors, DENSE, Metric.L2, seed=1)
    assert adjusted_rand_score(exact.labels, clusters.labels) > 0.9
    assert (clusters.labels == NOISE).any()
    other = cluster_hdbscan(vectors, sampled, Metric.L2, seed=2)
    assert (other.labels != clusters.labels).any()


def test_hdbscan_refuses_an_inner_product():
    with pytest.raises(SettingsError, match="found hdbscan with metric 'ip'"):
        cluster("hdbscan", groups()[0], Metric.INNER_PRODUCT)


def test_zero_vectors_under_cosine_are_noise_for_hdbscan():
    vectors, _ = groups(noise=0)
    vectors[10:90] = 0.0
    clusters = cluster("hdbscan", vectors, Metric.COSINE)
    assert_sound(clusters, len(vectors))
    assert (clusters.labels[10:90] == NOISE).all()
    assert clusters.labels.max() == 2


@pytest.mark.parametrize("metric", [Metric.L2, Metric.COSINE])
@pytest.mark.parametrize("rows", [0, 1, 2, 3, 29])
def test_fewer_customers_than_a_cluster_are_all_noise(rows, metric):
    clusters = cluster("hdbscan", groups()[0][:rows], metric)
    assert_sound(clusters, rows)
    assert (clusters.labels == NOISE).all()


@pytest.mark.parametrize("rows", [2, 3, 4, 5, 30])
@pytest.mark.parametrize("kind", ["different", "identical", "zero"])
@pytest.mark.parametrize("min_samples", [1, 200])
def test_hdbscan_of_very_few_or_equal_customers(rows, kind, min_samples):
    vectors = groups()[0][:rows]
    vectors = {"different": vectors, "identical": vectors[[0] * rows], "zero": vectors * 0}[kind]
    settings = HdbscanSettings(min_cluster_size=2, min_samples=min_samples)
    for metric in (Metric.L2, Metric.COSINE):
        clusters = cluster_hdbscan(vectors, settings, metric, seed=0)
        assert_sound(clusters, rows)


@pytest.mark.parametrize("metric", list(Metric))
@pytest.mark.parametrize("rows", [0, 1, 2, 40])
def test_kmeans_of_very_few_or_equal_customers(rows, metric):
    vectors = groups()[0][:rows]
    for cases in (vectors, vectors * 0, vectors[[0] * rows]):
        clusters = cluster_kmeans(cases, KMeansSettings(k=3), metric, seed=0)
        assert_sound(clusters, rows)
        assert (clusters.labels >= 0).all()


def test_labels_go_by_size_and_then_by_the_first_customer():
    labels = np.array([7, 2, 2, -1, 7, 4, 4, 4], dtype=np.int32)
    nearest = np.where(labels < 0, 2, labels).astype(np.int32)
    clusters = order_free(Clusters(labels, np.ones(8, dtype=np.float32), nearest, "any"))
    assert clusters.labels.tolist() == [1, 2, 2, -1, 1, 0, 0, 0]
    assert clusters.nearest_labels.tolist() == [1, 2, 2, 2, 1, 0, 0, 0]


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.lists(st.integers(-1, 6), max_size=30), st.permutations(range(7)))
def test_numbering_depends_on_the_clusters_alone(labels, renaming):
    labels = np.array(labels, dtype=np.int32)
    renamed = np.array([*renaming, NOISE], dtype=np.int32)[labels]
    shares = np.where(labels < 0, 0, 1).astype(np.float32)
    fallback = labels.max(initial=NOISE)
    nearest = np.where(labels < 0, fallback, labels).astype(np.int32)
    renamed_nearest = np.array([*renaming, NOISE], dtype=np.int32)[nearest]
    first = order_free(Clusters(labels, shares, nearest, "any"))
    second = order_free(Clusters(renamed, shares, renamed_nearest, "any"))
    assert_sound(first, len(labels))
    np.testing.assert_array_equal(first.labels, second.labels)
    np.testing.assert_array_equal(first.nearest_labels, second.nearest_labels)


def test_the_nearest_point_is_the_nearest_and_the_first_of_equals():
    rng = np.random.default_rng(6)
    points = rng.integers(0, 5, size=(300, 3)).astype(np.float32) + np.float32(100)
    queries = rng.integers(0, 5, size=(500, 3)).astype(np.float32) + np.float32(100)
    gaps = np.square(queries[:, None].astype(float) - points).sum(axis=2)
    found = nearest_point(queries, np.unique(points, axis=0))
    expected = np.square(queries[:, None] - np.unique(points, axis=0)).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(found, expected)
    nearest = nearest_point(queries, points)
    np.testing.assert_array_equal(gaps[np.arange(500), nearest], gaps.min(axis=1))
