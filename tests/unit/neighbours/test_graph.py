import os
from pathlib import Path

import faiss
import numpy as np
import pytest

from kindred.errors import ArtefactError, DataError, SettingsError
from kindred.neighbours import search_plan as plan_module
from kindred.neighbours.exact import exact_neighbours
from kindred.neighbours.search import ShardResult, merge_shards, search_shard, search_shards
from kindred.neighbours.search_plan import GraphPlan, plan_graph
from kindred.spec.metrics import Metric
from unit.graph_cases import (
    assert_sound,
    build_graph,
    clustered,
    measure_recall,
    plain_neighbours,
    stored_and_read,
)

DATA = Path(
    os.environ.get("KINDRED_TEST_DATA", Path(__file__).resolve().parents[4] / "shared" / "data")
)


@pytest.fixture
def small_ivf(monkeypatch):
    """Inverted lists and many blocks on a few thousand customers."""
    monkeypatch.setattr(plan_module, "EXACT_LIMIT", 500)
    for module in ("list_training", "tuning"):
        monkeypatch.setattr(f"kindred.neighbours.{module}.LIST_SIZE", 16)
    monkeypatch.setattr("kindred.neighbours.tuning.NARROWEST", 32)
    monkeypatch.setattr("kindred.neighbours.list_search.LARGEST_PIECE", 256)


@pytest.fixture(params=["products", "scan"])
def way(request, monkeypatch):
    """Exact search by matrix products, as for few pairs, and by compiled scans, as for many."""
    if request.param == "scan":
        for module in ("exact",):
            monkeypatch.setattr(f"kindred.neighbours.{module}.SCAN_FROM", 0)
    return request.param


@pytest.mark.parametrize("metric", list(Metric))
def test_exact_search_finds_what_a_plain_search_finds(way, metric):
    base = clustered(700, 6)
    base[5] = 0.0
    queries = np.vstack([base[:60], clustered(20, 6, seed=9)])
    neighbours, distances = exact_neighbours(queries[6:], base, metric, 7)
    expected, expected_distances = plain_neighbours(queries[6:], base, metric, 7)
    np.testing.assert_array_equal(neighbours, expected)
    np.testing.assert_array_equal(distances, expected_distances)
    own = np.arange(6, 60)
    neighbours, _ = exact_neighbours(base[own], base, metric, 7, exclude=own)
    expected, _ = plain_neighbours(base[own], base, metric, 7, exclude=own)
    np.testing.assert_array_equal(neighbours, expected)


@pytest.mark.parametrize("metric", list(Metric))
def test_exact_search_keeps_the_order_of_ties_on_a_grid(way, metric):
    # Mostly distinct points with many equal distances, which matrix products round differently.
    cells = np.random.default_rng(1).integers(1, 11, size=(900, 3))
    grid = (cells / np.float32(10)).astype(np.float32)
    own = np.arange(900)
    neighbours, distances = exact_neighbours(grid, grid, metric, 12, exclude=own)
    expected, expected_distances = plain_neighbours(grid, grid, metric, 12, exclude=own)
    np.testing.assert_array_equal(neighbours, expected)
    np.testing.assert_array_equal(distances, expected_distances)


def test_exact_search_survives_a_large_offset(way):
    base = clustered(400, 5) + np.float32(1000.0)
    own = np.arange(400)
    neighbours, _ = exact_neighbours(base, base, Metric.L2, 5, exclude=own)
    expected, _ = plain_neighbours(base, base, Metric.L2, 5, exclude=own)
    np.testing.assert_array_equal(neighbours, expected)


def test_exact_search_agrees_with_the_ground_truth_of_bigann(way):
    path = DATA / "bigann10k.npz"
    if not path.is_file():
        pytest.skip(f"{path} is not there; KINDRED_TEST_DATA names the folder of test data")
    with np.load(path) as data:
        base, queries = data["base"].astype(np.float32), data["queries"].astype(np.float32)
        known = data["groundtruth"]
    _, distances = exact_neighbours(queries, base, Metric.L2, 100)
    squares = np.square(queries[:, None] - base[known]).sum(axis=2, dtype=np.float64)
    np.testing.assert_array_equal(distances, np.sqrt(squares).astype(np.float32))


@pytest.mark.parametrize("metric", list(Metric))
def test_the_exact_graph_is_the_plain_one(way, metric):
    vectors = clustered(600, 5)
    vectors[[3, 400]] = 0.0
    plan, graph = build_graph(vectors, metric, 6, shards=3)
    assert plan.method == "exact"
    assert_sound(graph, vectors, metric, 6)
    rows = np.flatnonzero(graph.eligible)
    expected, _ = plain_neighbours(vectors[rows], vectors, metric, 6, exclude=rows)
    np.testing.assert_array_equal(graph.neighbours[rows], expected)


@pytest.mark.usefixtures("small_ivf")
@pytest.mark.parametrize("metric", list(Metric))
def test_the_list_graph_is_sound_and_reaches_its_target(metric):
    vectors = clustered(3000, 8)
    vectors[[17, 18]] = 0.0
    plan, graph = build_graph(vectors, metric, 10, shards=2, target_recall=0.98)
    assert plan.method == "ivf"
    assert plan.lists > 100
    assert plan.estimated_recall >= 0.98
    assert_sound(graph, vectors, metric, 10)
    recall = measure_recall(vectors, metric, graph, seed=3)
    assert recall.recall_at_k >= 0.97
    assert recall.low < recall.recall_at_k < recall.high <= 1.0


@pytest.mark.usefixtures("small_ivf")
@pytest.mark.parametrize("metric", list(Metric))
def test_neither_shards_nor_threads_nor_pieces_change_a_bit(metric, monkeypatch):
    vectors = clustered(3000, 16)
    threads = faiss.omp_get_max_threads()
    made = []
    try:
        for count, shards, piece in ((1, 1, 256), (2, 3, 256), (3, 40, 17)):
            faiss.omp_set_num_threads(count)
            for name in ("LARGEST_PIECE", "SMALLEST_PIECE"):
                monkeypatch.setattr(f"kindred.neighbours.list_search.{name}", piece)
            made.append(build_graph(vectors, metric, 10, shards=shards, threads=count))
    finally:
        faiss.omp_set_num_threads(threads)
    first_plan, first = made[0]
    for plan, graph in made[1:]:
        for name in ("centroids", "list_order", "near_lists"):
            assert plan.arrays[name].tobytes() == first_plan.arrays[name].tobytes()
        assert plan.probes == first_plan.probes
        assert graph.neighbours.tobytes() == first.neighbours.tobytes()
        assert graph.distances.tobytes() == first.distances.tobytes()


@pytest.mark.usefixtures("small_ivf")
def test_the_order_of_the_rows_changes_no_distance():
    vectors = clustered(2000, 8)
    order = np.random.default_rng(8).permutation(len(vectors))
    plan, graph = build_graph(vectors, Metric.L2, 10)
    other_plan, shuffled = build_graph(vectors[order], Metric.L2, 10)
    assert other_plan.arrays["centroids"].tobytes() == plan.arrays["centroids"].tobytes()
    assert other_plan.probes == plan.probes
    np.testing.assert_array_equal(shuffled.distances, graph.distances[order])


def test_real_lists_above_the_exact_limit(monkeypatch):
    monkeypatch.setattr(plan_module, "EXACT_LIMIT", 12_000)
    vectors = clustered(20_000, 12)
    plan, graph = build_graph(vectors, Metric.L2, 10, shards=2)
    assert plan.method == "ivf"
    recall = measure_recall(vectors, Metric.L2, graph, sample_size=500, seed=3)
    assert recall.high >= 0.99


@pytest.mark.usefixtures("small_ivf")
def test_a_plan_survives_storage_without_pickle():
    vectors = clustered(2000, 6)
    plan, graph = build_graph(vectors, Metric.COSINE, 5, shards=2)
    stored = stored_and_read(plan.arrays)
    assert all(type(value) in (int, float, str, bool) for value in plan.parameters.values())
    again = GraphPlan.from_parts(plan.parameters, stored)
    results = [search_shard(again, vectors, shard) for shard in (1, 0)]
    merged = merge_shards(again, results)
    assert merged.neighbours.tobytes() == graph.neighbours.tobytes()


@pytest.mark.usefixtures("small_ivf")
def test_exact_is_always_available():
    vectors = clustered(1500, 6)
    for wish in ({"exact": True}, {"target_recall": 1.0}):
        plan, graph = build_graph(vectors, Metric.L2, 5, **wish)
        assert plan.method == "exact"
        assert plan.estimated_recall == 1.0
        assert measure_recall(vectors, Metric.L2, graph, seed=1).recall_at_k == 1.0


@pytest.mark.usefixtures("small_ivf")
def test_a_higher_target_scans_more_lists():
    vectors = clustered(3000, 12)
    low, high = (
        plan_graph(vectors, Metric.L2, 10, target_recall=target, shards=1, seed=3)
        for target in (0.7, 0.999)
    )
    assert low.probes < high.probes
    assert low.estimated_recall < high.estimated_recall


@pytest.mark.parametrize("shards", [1, 3, 50])
def test_exact_shards_are_whole_blocks_that_cover_every_vector(shards):
    vectors = clustered(14_000, 3)
    plan = plan_graph(vectors, Metric.L2, 3, target_recall=0.9, shards=shards, seed=1, exact=True)
    edges = plan.arrays["shard_boundaries"]
    distinct = len(plan.arrays["first_rows"])
    assert len(edges) == shards + 1
    assert (edges[0], edges[-1]) == (0, distinct)
    assert (np.diff(edges) >= 0).all()
    assert all(edge % plan_module.EXACT_BLOCK == 0 or edge == distinct for edge in edges.tolist())
    assert sorted(plan.arrays["list_order"].tolist()) == list(range(distinct))


def test_a_missing_or_repeated_shard_is_refused():
    vectors = clustered(9000, 3)
    plan = plan_graph(vectors, Metric.L2, 3, target_recall=0.9, shards=3, seed=1)
    parts = [search_shard(plan, vectors, shard) for shard in range(3)]
    with pytest.raises(
        ArtefactError, match="found 0 times instead of 1; clear task 'search_graph'"
    ):
        merge_shards(plan, parts[:2])
    with pytest.raises(ArtefactError, match="found 2 times instead of 1"):
        merge_shards(plan, [*parts, parts[1]])
    narrow = ShardResult(parts[0].rows, parts[0].neighbours[:, :2], parts[0].distances[:, :2])
    with pytest.raises(ArtefactError, match="a shard has neighbours of shape"):
        merge_shards(plan, [narrow, *parts[1:]])


def test_settings_and_vectors_out_of_range_are_refused():
    vectors = clustered(50, 3)
    good = {"target_recall": 0.9, "shards": 1, "seed": 0}
    with pytest.raises(SettingsError, match="k: found 0"):
        plan_graph(vectors, Metric.L2, 0, **good)
    with pytest.raises(SettingsError, match="shards: found 0"):
        plan_graph(vectors, Metric.L2, 1, **good | {"shards": 0})
    with pytest.raises(SettingsError, match="target_recall: found"):
        plan_graph(vectors, Metric.L2, 1, **good | {"target_recall": 1.5})
    plan = plan_graph(vectors, Metric.L2, 1, **good)
    with pytest.raises(SettingsError, match="shard: found 1, allowed are 0 to 0"):
        search_shard(plan, vectors, 1)
    with pytest.raises(ArtefactError, match="the plan was made for"):
        search_shard(plan, vectors[:-1], 0)
    vectors[7, 1] = np.nan
    with pytest.raises(DataError, match="row 7 holds a value that is not finite"):
        plan_graph(vectors, Metric.L2, 1, **good)
    for scale in (1e-25, 1e25):
        tiny = np.full((9, 2), scale, dtype=np.float32)
        with pytest.raises(DataError, match=r"largest value is 1e[-+]25, allowed are 1e-18 to"):
            plan_graph(tiny, Metric.L2, 1, **good)
        assert plan_graph(tiny, Metric.COSINE, 1, **good).rows == 9


def test_shards_one_after_the_other_are_those_of_single_searches(small_ivf):
    vectors = clustered(2_000, 8)
    plan = plan_graph(vectors, Metric.COSINE, 12, target_recall=0.9, shards=5, seed=1)
    assert plan.lists > 0
    found = list(search_shards(plan, vectors, threads=2))
    assert len(found) == 5
    for shard, result in enumerate(found):
        expected = search_shard(plan, vectors, shard)
        for name in ("rows", "neighbours", "distances"):
            np.testing.assert_array_equal(getattr(result, name), getattr(expected, name))
