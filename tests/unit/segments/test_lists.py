"""IVFFlat lists as clusters, and the same k-means outside of an index."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from kindred.neighbours.distances import distances, normalised
from kindred.segments.clusters import NOISE
from kindred.segments.lists.list_clusters import (
    cluster_into_lists,
    clusters_of_lists,
    nearest_lists,
)
from kindred.spec.metrics import Metric


def cloud(rows=1_200, dimensions=6, seed=2):
    rng = np.random.default_rng(seed)
    centres = 4 * rng.normal(size=(9, dimensions))
    vectors = centres[rng.integers(0, 9, rows)] + rng.normal(size=(rows, dimensions))
    return vectors.astype(np.float32)


def made(vectors, metric=Metric.L2, lists=12):
    return cluster_into_lists(vectors, metric, lists, seed=5, why="a test")


def means(vectors, numbers):
    return np.array([vectors[numbers == n].mean(axis=0) for n in range(1, numbers.max() + 1)])


@pytest.mark.parametrize("metric", list(Metric))
def test_a_vector_goes_to_the_centre_that_pgvector_ranks_first(metric):
    vectors, centres = cloud(), cloud(40, seed=3)
    if metric is not Metric.L2:
        centres = normalised(centres)
    found = nearest_lists(vectors, metric, centres)
    all_distances = np.stack(
        [distances(metric, vectors, np.broadcast_to(c, vectors.shape)) for c in centres], axis=1
    )
    own = all_distances[np.arange(len(vectors)), found]
    assert (own <= all_distances.min(axis=1) + 1e-5 * np.abs(all_distances).max()).all()
    assert found.dtype == np.int32


def test_lists_become_clusters_by_size_with_their_numbers_and_distances():
    vectors = np.array([[0, 0], [1, 0], [5, 5], [5, 6], [5, 8], [0, 0]], dtype=np.float32)
    centres = np.array([[9, 9], [0, 0], [5, 5]], dtype=np.float32)
    lists = np.array([1, 1, 2, 2, 2, NOISE], dtype=np.int32)
    found = clusters_of_lists(
        vectors, Metric.L2, centres, lists, method="ivfflat lists of build 4", generation=4
    )
    assert found.labels.tolist() == [1, 1, 0, 0, 0, NOISE]
    assert found.nearest_labels.tolist() == [1, 1, 0, 0, 0, 0]
    assert found.membership.tolist() == [1, 1, 1, 1, 1, 0]
    assert found.lists.numbers.tolist() == [2, 2, 3, 3, 3, 0]
    np.testing.assert_array_equal(found.lists.centroid_distances, [0, 1, 0, 1, 3, np.nan])
    assert (found.lists.generation, found.method) == (4, "ivfflat lists of build 4")


@pytest.mark.parametrize(
    ("metric", "expected"), [(Metric.L2, 5.0), (Metric.COSINE, 0.2), (Metric.INNER_PRODUCT, -4.0)]
)
def test_distances_to_centres_are_those_of_the_operators(metric, expected):
    vectors = np.array([[4, 3]], dtype=np.float32)
    centre = np.array([[0, 0] if metric is Metric.L2 else [1, 0]], dtype=np.float32)
    found = clusters_of_lists(vectors, metric, centre, np.zeros(1, dtype=np.int32), method="")
    np.testing.assert_allclose(found.lists.centroid_distances, [expected], rtol=1e-6)


def test_every_customer_is_nearest_to_the_centre_of_its_own_list():
    vectors = cloud()
    found = made(vectors)
    numbers = found.lists.numbers
    assert set(numbers) == set(range(1, 13))
    assert found.method == "k-means of 12 lists (a test)"
    centres = means(vectors, numbers)
    nearest = nearest_lists(vectors, Metric.L2, centres.astype(np.float32))
    assert (nearest == numbers - 1).mean() > 0.97  # k-means stops after some rounds


@pytest.mark.parametrize("metric", list(Metric))
def test_the_order_of_the_rows_changes_no_list(metric):
    vectors = cloud()
    vectors[100:140] = vectors[100]
    order = np.random.default_rng(8).permutation(len(vectors))
    found, shuffled = made(vectors, metric), made(vectors[order], metric)
    np.testing.assert_array_equal(shuffled.labels, found.labels[order])
    np.testing.assert_array_equal(shuffled.lists.numbers, found.lists.numbers[order])
    np.testing.assert_array_equal(
        shuffled.lists.centroid_distances, found.lists.centroid_distances[order]
    )


def test_neither_a_second_run_nor_threads_change_a_bit():
    vectors = cloud(4_000, 16)
    results = []
    for threads in (1, 2, 2):
        with threadpool_limits(limits=threads):
            results.append(made(vectors, lists=40))
    for again in results[1:]:
        assert again.lists.numbers.tobytes() == results[0].lists.numbers.tobytes()
        distances_again = again.lists.centroid_distances.tobytes()
        assert distances_again == results[0].lists.centroid_distances.tobytes()


def test_zero_vectors_under_cosine_are_in_no_list():
    vectors = cloud()
    vectors[[3, 500]] = 0.0
    found = made(vectors, Metric.COSINE)
    assert np.flatnonzero(found.labels == NOISE).tolist() == [3, 500]
    assert found.lists.numbers[[3, 500]].tolist() == [0, 0]
    assert np.isnan(found.lists.centroid_distances[[3, 500]]).all()
    assert found.nearest_labels[[3, 500]].tolist() == [0, 0]
    assert not found.membership[[3, 500]].any()


@pytest.mark.parametrize(
    ("vectors", "expected"),
    [
        (np.empty((0, 4), dtype=np.float32), 0),
        (np.zeros((7, 4), dtype=np.float32), 1),
        (np.repeat(np.eye(3, 4, dtype=np.float32), 5, axis=0), 3),
        (np.ones((1, 4), dtype=np.float32), 1),
    ],
    ids=["nobody", "all alike", "three vectors", "one customer"],
)
def test_no_more_lists_than_distinct_vectors(vectors, expected):
    found = made(vectors)
    assert len(set(found.labels)) == expected
    assert found.method == f"k-means of {expected} list{'' if expected == 1 else 's'} (a test)"
    np.testing.assert_allclose(found.lists.centroid_distances, 0.0, atol=1e-6)


def test_zero_vectors_alone_under_cosine_are_no_cluster():
    found = made(np.zeros((5, 3), dtype=np.float32), Metric.COSINE)
    assert set(found.labels) == set(found.nearest_labels) == {NOISE}
