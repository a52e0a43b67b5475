import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from kindred.errors import SettingsError
from kindred.segments.clusters import NOISE, Clusters, order_free
from kindred.segments.kmeans import kmeans
from kindred.segments.kmeans.kmeans import cluster_kmeans
from kindred.segments.kmeans.lloyd import settle_centroids
from kindred.segments.nearest import nearest_point
from kindred.spec.clustering import KMeansSettings
from kindred.spec.metrics import Metric
from unit.cluster_cases import ALGORITHMS, assert_sound, cluster, groups


@pytest.mark.parametrize("metric", [Metric.L2, Metric.COSINE])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_groups_far_apart_are_found(algorithm, metric):
    vectors, truth = groups(noise=0)
    clusters = cluster(algorithm, vectors, metric)
    assert_sound(clusters, len(vectors))
    is_member = clusters.labels != NOISE
    assert is_member.mean() > 0.8
    assert adjusted_rand_score(truth[is_member], clusters.labels[is_member]) > 0.99


@pytest.mark.parametrize("grid", [0.0, 0.5])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_order_of_the_rows_changes_no_cluster(algorithm, grid):
    vectors, _ = groups(grid=grid)
    vectors[100:140] = vectors[100]
    order = np.random.default_rng(3).permutation(len(vectors))
    clusters, shuffled = cluster(algorithm, vectors), cluster(algorithm, vectors[order])
    np.testing.assert_array_equal(shuffled.labels, clusters.labels[order])
    np.testing.assert_array_equal(shuffled.membership, clusters.membership[order])
    np.testing.assert_array_equal(shuffled.nearest_labels, clusters.nearest_labels[order])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_neither_a_second_run_nor_threads_change_a_bit(algorithm):
    vectors, _ = groups(3000, 12)
    made = []
    for threads in (1, 2, 2):
        with threadpool_limits(limits=threads):
            made.append(cluster(algorithm, vectors, threads=threads))
    for clusters in made[1:]:
        assert clusters.labels.tobytes() == made[0].labels.tobytes()
        assert clusters.membership.tobytes() == made[0].membership.tobytes()
        assert clusters.nearest_labels.tobytes() == made[0].nearest_labels.tobytes()


@pytest.mark.parametrize("sample", [100, kmeans.STARTING_SAMPLE], ids=["settled", "library"])
@pytest.mark.parametrize("metric", [Metric.L2, Metric.COSINE])
def test_kmeans_moves_nobody_for_some_new_customers(metric, sample, monkeypatch):
    """In a cloud without groups, where it would find other clusters from scratch."""
    monkeypatch.setattr(kmeans, "STARTING_SAMPLE", sample)
    vectors = np.random.default_rng(2).normal(size=(2100, 6)).astype(np.float32)
    asked, before = KMeansSettings(k=12), vectors[:2000]
    start = kmeans.find_centroids(before, asked, metric, seed=0)
    first = cluster_kmeans(before, asked, metric, seed=0, start=start)
    grown = cluster_kmeans(vectors, asked, metric, seed=0, start=start)
    scratch = cluster_kmeans(vectors, asked, metric, seed=0)
    assert adjusted_rand_score(first.labels, grown.labels[:2000]) == 1.0
    assert adjusted_rand_score(first.labels, scratch.labels[:2000]) < 0.8
    assert grown.figures["inertia"] < 1.02 * scratch.figures["inertia"]


@pytest.mark.parametrize("sample", [100, kmeans.STARTING_SAMPLE], ids=["settled", "library"])
def test_kmeans_moves_where_the_customers_have_gone(sample, monkeypatch):
    monkeypatch.setattr(kmeans, "STARTING_SAMPLE", sample)
    vectors, _ = groups(noise=0)
    asked = KMeansSettings(k=4)
    start = kmeans.find_centroids(vectors + 20, asked, Metric.L2, seed=0)
    found = cluster_kmeans(vectors, asked, Metric.L2, seed=0, start=start)
    stayed = kmeans._assigned(vectors, np.ones(len(vectors)), start.values)[2]
    assert found.figures["inertia"] < 0.5 * stayed


def test_a_start_of_another_number_of_centres_is_left_alone():
    vectors, _ = groups()
    start = kmeans.find_centroids(vectors, KMeansSettings(k=3), Metric.L2, seed=0)
    for asked, rows in ((KMeansSettings(k=5), vectors), (KMeansSettings(k=3), vectors[:2])):
        told = cluster_kmeans(rows, asked, Metric.L2, seed=0, start=start)
        alone = cluster_kmeans(rows, asked, Metric.L2, seed=0)
        np.testing.assert_array_equal(told.labels, alone.labels)


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


def test_kmeans_of_many_starts_on_a_sample_and_settles_on_all(monkeypatch):
    vectors, _ = groups(4000, 12, noise=400)
    settings = KMeansSettings(k=9)
    full = cluster_kmeans(vectors, settings, Metric.L2, seed=0)
    monkeypatch.setattr(kmeans, "STARTING_SAMPLE", 1000)
    sampled = cluster_kmeans(vectors, settings, Metric.L2, seed=0)
    assert_sound(sampled, len(vectors))
    assert sampled.figures["inertia"] < 1.01 * full.figures["inertia"]
    order = np.random.default_rng(5).permutation(len(vectors))
    again = cluster_kmeans(vectors[order], settings, Metric.L2, seed=0, threads=2)
    assert adjusted_rand_score(again.labels, sampled.labels[order]) == 1.0
    assert again.membership.tobytes() == sampled.membership[order].tobytes()


def test_settled_centres_are_the_means_of_what_is_nearest_to_them():
    rng = np.random.default_rng(8)
    points = rng.normal(size=(700, 5)).astype(np.float32)
    weights = rng.integers(1, 4, size=700).astype(np.float64)
    centroids = settle_centroids(points, weights, points[:6].astype(np.float64), threads=2)
    squares = np.square(points[:, None] - centroids).sum(axis=2)
    nearest = squares.argmin(axis=1)
    for number, center in enumerate(centroids):
        rows = nearest == number
        mean = np.average(points[rows], axis=0, weights=weights[rows])
        np.testing.assert_allclose(center, mean, atol=0.03)


def test_a_centre_that_is_nearest_to_nothing_stays():
    points = np.array([[0.0], [1.0]], dtype=np.float32)
    centroids = settle_centroids(points, np.ones(2), np.array([[0.2], [9.0]]))
    assert centroids.tolist() == [[0.5], [9.0]]


@pytest.mark.parametrize("seed", range(3))
def test_k_is_found_where_eight_groups_were_planted(seed):
    rng = np.random.default_rng(seed)
    truth = rng.choice(8, 1600, p=rng.dirichlet(np.full(8, 6.0)))
    vectors = rng.normal(size=(8, 6))[truth] * 5 + rng.normal(size=(1600, 6))
    settings = KMeansSettings(k="auto", k_max=14)
    clusters = cluster_kmeans(vectors.astype(np.float32), settings, Metric.L2, seed=1)
    assert abs(clusters.figures["k"] - 8) <= 1
    assert clusters.labels.max() + 1 == clusters.figures["k"]
    assert [entry["k"] for entry in clusters.figures["k_curve"]] == list(range(2, 15))
    best = max(clusters.figures["k_curve"], key=lambda entry: entry["silhouette"])
    assert abs(best["k"] - 8) <= 1


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


@pytest.mark.parametrize("algorithm", ["hdbscan", "dbscan"])
def test_density_refuses_an_inner_product(algorithm):
    with pytest.raises(SettingsError, match=f"found {algorithm} with metric 'ip'"):
        cluster(algorithm, groups()[0], Metric.INNER_PRODUCT)


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
