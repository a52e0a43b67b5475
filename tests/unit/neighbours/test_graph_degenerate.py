import numpy as np
import pytest

from kindred.neighbours import search_plan as plan_module
from kindred.neighbours.exact import exact_neighbours
from kindred.spec.metrics import Metric
from unit.graph_cases import assert_sound, build_graph, clustered, measure_recall, plain_neighbours


@pytest.fixture(params=["exact", "ivf"])
def method(request, monkeypatch):
    """Every case with and without inverted lists."""
    if request.param == "ivf":
        monkeypatch.setattr(plan_module, "EXACT_LIMIT", 0)
    return request.param


@pytest.mark.parametrize("metric", list(Metric))
@pytest.mark.parametrize("rows", [0, 1, 2, 3, 11])
def test_few_customers(method, metric, rows):
    vectors = np.random.default_rng(rows).normal(size=(rows, 4)).astype(np.float32)
    plan, graph = build_graph(vectors, metric, 10, shards=3)
    assert plan.k == max(0, rows - 1 if rows < 11 else 10)
    assert_sound(graph, vectors, metric, 10)
    recall = measure_recall(vectors, metric, graph, seed=0)
    assert (recall.recall_at_k, recall.low, recall.high) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("metric", list(Metric))
def test_all_customers_identical(method, metric):
    vectors = np.tile(np.array([[0.5, -2.0, 3.0]], dtype=np.float32), (1000, 1))
    _, graph = build_graph(vectors, metric, 4, shards=2)
    assert_sound(graph, vectors, metric, 4)
    assert graph.neighbours[0].tolist() == [1, 2, 3, 4]
    assert graph.neighbours[2].tolist() == [0, 1, 3, 4]
    assert graph.neighbours[999].tolist() == [0, 1, 2, 3]
    assert measure_recall(vectors, metric, graph, seed=0).recall_at_k == 1.0


@pytest.mark.parametrize("metric", list(Metric))
def test_a_thousand_identical_customers_among_others(method, metric):
    vectors = clustered(1600, 5)
    vectors[np.random.default_rng(2).choice(1600, 1000, replace=False)] = vectors[0]
    _, graph = build_graph(vectors, metric, 6, shards=2)
    assert_sound(graph, vectors, metric, 6)
    assert measure_recall(vectors, metric, graph, seed=0).recall_at_k >= 0.97


@pytest.mark.parametrize("metric", list(Metric))
def test_two_kinds_of_customers_and_k_beyond_both(method, metric):
    vectors = np.repeat(np.array([[1.0, 0.0], [0.6, 0.8]], dtype=np.float32), [3, 2], axis=0)
    _, graph = build_graph(vectors, metric, 50)
    assert_sound(graph, vectors, metric, 50)
    expected, _ = plain_neighbours(vectors, vectors, metric, 4, exclude=np.arange(5))
    np.testing.assert_array_equal(graph.neighbours, expected)


@pytest.mark.parametrize("zeros", [1, 2, 3, 4])
def test_zero_vectors_under_cosine(method, zeros):
    vectors = np.array([[1, 0], [0, 1], [1, 1], [-1, 2]], dtype=np.float32)
    vectors[:zeros] = 0.0
    _, graph = build_graph(vectors, Metric.COSINE, 3)
    assert_sound(graph, vectors, Metric.COSINE, 3)
    assert graph.eligible.sum() == 4 - zeros


def test_a_customers_largest_inner_product_may_be_with_others(method):
    vectors = np.array([[1, 0], [1, 0], [5, 0], [9, 0]], dtype=np.float32)
    _, graph = build_graph(vectors, Metric.INNER_PRODUCT, 2)
    assert graph.neighbours.tolist() == [[3, 2], [3, 2], [3, 0], [2, 0]]
    assert graph.distances[0].tolist() == [-9.0, -5.0]


def test_negative_zero_equals_zero(method):
    # By their bytes, the third vector sorts between the first two.
    vectors = np.array([[0.0, 1.0], [-0.0, 1.0], [0.0, 1.5]], dtype=np.float32)
    plan, graph = build_graph(vectors, Metric.L2, 1)
    assert len(plan.distinct.first_rows) == 2
    assert graph.neighbours[:, 0].tolist() == [1, 0, 0]


def test_parallel_vectors_under_cosine_are_all_found(method):
    vectors = np.outer(np.linspace(0.1, 9.0, 300), [1.0, 2.0, -3.0]).astype(np.float32)
    _, graph = build_graph(vectors, Metric.COSINE, 5, target_recall=0.9)
    assert_sound(graph, vectors, Metric.COSINE, 5)
    assert graph.distances.max() < 1e-12


def test_lists_that_run_dry_are_filled_by_exact_search(monkeypatch):
    monkeypatch.setattr(plan_module, "EXACT_LIMIT", 0)
    monkeypatch.setattr("kindred.neighbours.list_training.LIST_SIZE", 8)
    vectors = clustered(900, 3)
    # One probe of about a hundred lists cannot hold 40 neighbours.
    plan, graph = build_graph(vectors, Metric.L2, 40, target_recall=0.01)
    assert plan.probes == 1
    assert_sound(graph, vectors, Metric.L2, 40)


def test_exact_search_of_nothing():
    vectors = clustered(30, 3)
    for queries, base in ((vectors[:0], vectors), (vectors, vectors[:0])):
        neighbours, distances = exact_neighbours(queries, base, Metric.L2, 3)
        width = min(3, len(base))
        assert neighbours.shape == distances.shape == (len(queries), width)
    neighbours, distances = exact_neighbours(vectors[:1] * 0, vectors, Metric.COSINE, 3)
    assert neighbours.tolist() == [[-1, -1, -1]]
    assert np.isnan(distances).all()
