import numpy as np
import pytest

from benchmarks.customers import make_customers
from kindred.neighbours.recall import found_shares
from kindred.neighbours.results import NeighbourGraph
from kindred.neighbours.search import merge_shards, search_shard
from kindred.neighbours.search_plan import plan_graph
from kindred.spec.metrics import Metric
from unit.graph_cases import build_graph, clustered, measure_recall


def damaged(graph, vectors, metric, share, seed=0):
    """The graph with the last neighbour of a share of customers made too far."""
    rng = np.random.default_rng(seed)
    distances = graph.distances.copy()
    hit = rng.random(len(vectors)) < share
    distances[hit, -1] += np.abs(distances[hit, -1]) * 0.5 + 1.0
    return NeighbourGraph(graph.neighbours, distances, graph.eligible), hit


@pytest.mark.parametrize("metric", list(Metric))
def test_recall_counts_lost_neighbours(metric):
    vectors = clustered(600, 6)
    _, graph = build_graph(vectors, metric, 4, exact=True)
    worse, hit = damaged(graph, vectors, metric, 0.4)
    recall = measure_recall(vectors, metric, worse, sample_size=600, seed=1)
    assert recall.recall_at_k == pytest.approx(1 - hit.mean() / 4)
    assert recall.low == recall.high == recall.recall_at_k
    assert recall.sample_size == 600


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    vectors = clustered(1500, 4)
    _, graph = build_graph(vectors, Metric.L2, 4, exact=True)
    worse, hit = damaged(graph, vectors, Metric.L2, 0.3)
    truth = 1 - hit.mean() / 4
    found = [measure_recall(vectors, Metric.L2, worse, sample_size=150, seed=s) for s in range(40)]
    covered = sum(recall.low <= truth <= recall.high for recall in found)
    assert covered >= 35
    assert max(recall.high - recall.low for recall in found) < 0.06
    assert len({recall.recall_at_k for recall in found}) > 5


@pytest.mark.parametrize(
    ("vectors", "metric"),
    [
        (clustered(4000, 12), Metric.L2),
        (make_customers(4000), Metric.L2),
        (make_customers(4000, seed=8), Metric.COSINE),
    ],
    ids=["groups", "customers", "customers by angle"],
)
def test_intervals_of_searched_graphs_cover_the_recall_of_everyone(vectors, metric, monkeypatch):
    monkeypatch.setattr("kindred.neighbours.search_plan.EXACT_LIMIT", 500)
    monkeypatch.setattr("kindred.neighbours.list_training.LIST_SIZE", 16)
    _, graph = build_graph(vectors, metric, 10, target_recall=0.9)
    true = measure_recall(vectors, metric, graph, sample_size=4000, seed=0).recall_at_k
    assert 0.88 < true < 0.99
    found = [measure_recall(vectors, metric, graph, sample_size=1000, seed=s) for s in range(20)]
    assert sum(recall.low <= true <= recall.high for recall in found) >= 17


def test_a_graph_is_tuned_for_the_neighbours_that_are_asked_for(monkeypatch):
    monkeypatch.setattr("kindred.neighbours.search_plan.EXACT_LIMIT", 500)
    monkeypatch.setattr("kindred.neighbours.list_training.LIST_SIZE", 16)
    vectors = make_customers(4000)
    wide, narrow = (
        plan_graph(vectors, Metric.L2, 40, target_recall=0.95, shards=1, seed=3, recall_k=wanted)
        for wanted in (40, 5)
    )
    assert narrow.probes < wide.probes
    assert narrow.parameters["recall_k"] == 5
    result = search_shard(narrow, vectors, 0)
    graph = merge_shards(narrow, [result]).nearest(5)
    assert graph.neighbours.shape == (4000, 5)
    assert measure_recall(vectors, Metric.L2, graph, seed=3).high > 0.95


def test_a_perfect_sample_does_not_claim_certainty():
    vectors = clustered(800, 4)
    _, graph = build_graph(vectors, Metric.L2, 4, exact=True)
    recall = measure_recall(vectors, Metric.L2, graph, sample_size=300, seed=1)
    assert (recall.recall_at_k, recall.low, recall.high) == (1.0, 0.99, 1.0)
    assert measure_recall(vectors, Metric.L2, graph, sample_size=1, seed=1).low == 0.0


def test_the_same_seed_gives_the_same_recall():
    vectors = clustered(800, 4)
    _, graph = build_graph(vectors, Metric.L2, 4, exact=True)
    worse, _ = damaged(graph, vectors, Metric.L2, 0.2)
    first, again = (
        measure_recall(vectors, Metric.L2, worse, sample_size=100, seed=5) for _ in range(2)
    )
    assert first == again


def test_the_tolerance_is_relative_and_safe_for_negative_distances():
    kth = np.array([-4.0, 4.0, 0.0], dtype=np.float32)
    just = kth[:, None] + np.float32(2e-6) * np.array([[1.0]], dtype=np.float32)
    over = kth[:, None] + np.float32(1e-4)
    assert found_shares(Metric.INNER_PRODUCT, just, kth).tolist() == [1.0, 1.0, 0.0]
    assert found_shares(Metric.INNER_PRODUCT, over, kth).tolist() == [0.0, 0.0, 0.0]
    assert found_shares(Metric.INNER_PRODUCT, kth[:, None] - 1, kth).tolist() == [1.0, 1.0, 1.0]
