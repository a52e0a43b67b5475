"""A graph searched only where something has changed equals the one searched from nothing."""

from dataclasses import replace

import numpy as np
import pytest

from kindred.neighbours import list_search, search_plan
from kindred.neighbours.affected import ChangedPoints, find_affected
from kindred.neighbours.changes import Snapshot, find_changes
from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.list_training import FEWEST_CUSTOMERS, train_tree
from kindred.neighbours.tiles import make_tiles, score_buffer, score_group
from kindred.spec.metrics import Metric
from unit.graph_cases import build_night, clustered, froze, measure_recall

ROWS = 900


@pytest.fixture(autouse=True)
def _small_lists(monkeypatch):
    monkeypatch.setattr(search_plan, "EXACT_LIMIT", 200)
    for module in ("list_training", "frozen_lists"):
        monkeypatch.setattr(f"kindred.neighbours.{module}.LIST_SIZE", 16)


@pytest.fixture
def searched(monkeypatch):
    """The numbers of distinct vectors that each shard has searched."""
    counts = []
    nearest = list_search.ListSearch.nearest

    def counting(self, positions, *args, **options):
        counts.append(len(positions))
        return nearest(self, positions, *args, **options)

    monkeypatch.setattr(list_search.ListSearch, "nearest", counting)
    return counts


def categories(rows, seed=0):
    """Customers of six categories and nothing else: many vectors twice, many exact ties."""
    values = np.random.default_rng(seed).integers(0, 4, size=(rows, 6))
    return np.eye(4, dtype=np.float32)[values].reshape(rows, 24)


MAKERS = {"numbers": lambda rows, seed=0: clustered(rows, 7, seed), "categories": categories}


def changed(rng, customers, vectors, make, share=0.01):
    """Another night: some customers are new, some gone, some moved, some like another one."""
    count = max(1, round(share * len(customers)))
    vectors = vectors.copy()
    moved = rng.choice(len(customers), count, replace=False)
    vectors[moved] = make(count, seed=int(rng.integers(1 << 30)))
    alike = rng.choice(len(customers), (2, count))
    vectors[alike[0]] = vectors[alike[1]]
    kept = np.sort(rng.choice(len(customers), len(customers) - count, replace=False))
    customers, vectors = customers[kept], vectors[kept]
    born = np.setdiff1d(rng.integers(0, 10 * ROWS, count), customers)
    customers = np.concatenate([customers, born])
    vectors = np.concatenate([vectors, make(len(born), seed=int(rng.integers(1 << 30)))])
    order = np.argsort(customers)
    return customers[order], vectors[order]


def assert_equal_graphs(one, other):
    for name in ("neighbours", "distances", "limits", "eligible"):
        assert getattr(one.graph, name).tobytes() == getattr(other.graph, name).tobytes(), name


@pytest.mark.parametrize(
    ("kind", "metric", "steps"),
    [
        ("numbers", Metric.L2, 3),
        ("numbers", Metric.COSINE, 3),
        ("categories", Metric.L2, 3),
        ("categories", Metric.INNER_PRODUCT, 3),
        *(
            pytest.param(kind, metric, 40, marks=pytest.mark.soak)
            for kind in MAKERS
            for metric in Metric
        ),
    ],
)
def test_any_sequence_of_nights_equals_each_from_nothing(kind, metric, steps, searched):
    make, rng = MAKERS[kind], np.random.default_rng([len(kind), steps])
    vectors = make(ROWS)
    if metric is Metric.COSINE:
        vectors[::97] = 0.0  # customers without a direction have no neighbours
    customers = np.sort(rng.choice(10 * ROWS, ROWS, replace=False))
    frozen = froze(vectors, metric)
    nights = [build_night(customers, vectors, metric, frozen)]
    for step in range(steps):
        # Any earlier night will do, in any order of the dates.
        base = nights[rng.integers(len(nights))]
        customers, vectors = changed(rng, base.customers, base.vectors, make)
        other = nights[rng.integers(len(nights))]
        shards, threads = 1 + step % 3, 1 + step % 2
        whole = build_night(customers, vectors, metric, frozen)
        searched.clear()
        night = build_night(
            customers, vectors, metric, frozen, earlier=other, shards=shards, threads=threads
        )
        assert_equal_graphs(night, whole)
        if base is other and whole.plan.probes == base.plan.probes:
            assert sum(searched) < len(whole.plan.distinct.first_rows)
        nights.append(night)


def test_a_night_without_changes_searches_nobody(searched):
    vectors, customers = clustered(ROWS, 7), np.arange(ROWS)
    frozen = froze(vectors, Metric.L2)
    first = build_night(customers, vectors, Metric.L2, frozen)
    searched.clear()
    again = build_night(customers, vectors, Metric.L2, frozen, earlier=first, shards=2)
    assert sum(searched) == 0
    assert_equal_graphs(again, first)


def test_few_are_searched_when_few_have_changed(searched):
    vectors, customers = clustered(ROWS, 7), np.arange(ROWS)
    frozen = froze(vectors, Metric.L2)
    first = build_night(customers, vectors, Metric.L2, frozen)
    moved = vectors.copy()
    moved[700] += 0.01
    searched.clear()
    night = build_night(customers, moved, Metric.L2, frozen, earlier=first)
    assert 1 <= sum(searched) < ROWS // 20
    assert_equal_graphs(night, build_night(customers, moved, Metric.L2, frozen))


def test_another_encoder_or_search_is_no_earlier_graph():
    vectors, customers = clustered(ROWS, 7), np.arange(ROWS)
    frozen = froze(vectors, Metric.L2)
    plan = build_night(customers, vectors, Metric.L2, frozen).plan
    assert search_plan.is_searched_alike(plan, plan)
    others = [
        build_night(customers, vectors, Metric.L2, froze(vectors[:700], Metric.L2)),
        build_night(customers, vectors, Metric.L2, frozen, k=9),
        build_night(customers, vectors, Metric.L2, replace(frozen, rungs=frozen.rungs[1:])),
        build_night(customers, vectors, Metric.L2, None),
        build_night(customers[:150], vectors[:150], Metric.L2, frozen),
    ]
    for other in others:
        assert not search_plan.is_searched_alike(plan, other.plan)
    assert not search_plan.is_searched_alike(others[3].plan, others[3].plan)


def test_changes_are_those_of_vectors_and_of_their_customers():
    vectors = np.array([[1.0], [2.0], [2.0], [3.0], [0.0], [5.0], [6.0]], dtype=np.float32)
    before = _snapshot([10, 20, 30, 40, 50, 60, 70], vectors)
    # 10 and 60 as before, 20 now alone, 25 new, 40 with 45, 50 a zero of the other sign
    now = np.array([[1.0], [2.0], [9.0], [3.0], [3.0], [-0.0], [5.0]], dtype=np.float32)
    after = _snapshot([10, 20, 25, 40, 45, 50, 60], now)
    changes = find_changes(before, after)
    assert changes.earlier_rows.tolist() == [0, 1, -1, 3, -1, 4, 5]
    changed_values = now[after.distinct.first_rows[changes.is_changed], 0]
    assert sorted(changed_values.tolist()) == [-0.0, 2.0, 3.0, 9.0]
    gone = vectors[before.distinct.first_rows[changes.gone], 0]
    assert sorted(gone.tolist()) == [0.0, 2.0, 3.0, 6.0]
    assert changes.count == 8


def _snapshot(customers, vectors):
    distinct = find_distinct(vectors, np.ones(len(vectors), dtype=np.bool_))
    return Snapshot(np.array(customers), vectors, distinct)


@pytest.mark.parametrize("is_product", [False, True], ids=["squares", "products"])
def test_whoever_a_changed_point_is_near_enough_to_is_affected(is_product):
    rng = np.random.default_rng(8)
    points = rng.normal(size=(90, 8)).astype(np.float32) + np.float32(100.0)  # sums cancel
    changed = ChangedPoints(points[:12] + np.float32(0.05), np.arange(12) % 6)
    starts, near = np.array([0, 20, 20, 50, 90]), np.array([[0, 5], [1, 2], [2, 3], [4, 0]])
    lists = np.repeat(np.arange(4), np.diff(starts))
    is_near = (near[lists][:, :, None] == changed.lists).any(axis=1)
    differences = points[:, None].astype(np.float64) - changed.points[None]
    scores = np.square(differences).sum(axis=2)
    if is_product:
        scores = -(points.astype(np.float64) @ changed.points.T.astype(np.float64))
    nearest = np.where(is_near, scores, np.inf).min(axis=1)
    step = 5.0 if is_product else 0.01
    limits = (nearest + rng.choice([-step, 0.0, step], 90)).astype(np.float32)
    limits[:2] = np.nan, np.inf
    found = find_affected(points, starts, near, limits, changed, is_product=is_product, threads=2)
    assert found[limits >= nearest].all()
    assert not found[0]
    assert found[1]
    assert not found[2:][limits[2:] < nearest[2:] - step / 2].any()
    empty = ChangedPoints(points[:0], np.arange(0))
    found = find_affected(points, starts, near, limits, empty, is_product=is_product, threads=1)
    assert np.flatnonzero(found).tolist() == [1]


def test_a_score_depends_on_nothing_but_the_pair():
    """Neither on the place in a group of four, nor on the tile, its size and the place in it."""
    rng = np.random.default_rng(5)
    for metric in (Metric.L2, Metric.INNER_PRODUCT):
        for dimensions in (4, 32, 100):
            points = rng.normal(size=(130, dimensions)).astype(np.float32)
            wanted = _scores(points[:4], points, metric)
            for size in (1, 16, 17, 48, 65, 129):
                for first in (0, 1):
                    part = points[first : first + size]
                    found = _scores(points[[3, 2, 0, 1]], part, metric)
                    expected = wanted[[3, 2, 0, 1], first : first + size]
                    assert found.tobytes() == expected.tobytes()


def _scores(queries, points, metric):
    tiles = make_tiles(points, np.array([0, len(points)]), metric)
    scores = score_buffer(len(points) + 15)
    columns = -(-len(points) // 16) * 16
    score_group(np.ascontiguousarray(queries), tiles.values, columns, tiles.is_product, scores)
    return np.ascontiguousarray(scores[:, : len(points)])


def test_the_list_of_a_point_depends_on_the_point_and_the_tree():
    points = clustered(3_000, 8)
    tree = train_tree(points, seed=1)
    lists = tree.lists_of(points, threads=2)
    home = np.empty(len(points), dtype=np.int64)
    home[lists.order] = np.repeat(np.arange(len(tree.centroids)), np.diff(lists.starts))
    some = np.random.default_rng(2).permutation(len(points))[:777]
    few = tree.lists_of(np.ascontiguousarray(points[some]))
    found = np.empty(len(some), dtype=np.int64)
    found[few.order] = np.repeat(np.arange(len(tree.centroids)), np.diff(few.starts))
    np.testing.assert_array_equal(found, home[some])


def test_no_stored_centroid_is_of_fewer_than_five_customers():
    """Lonely customers far from all others would each get a list of their own."""
    crowd = clustered(2_000, 8)
    lonely = np.random.default_rng(3).normal(size=(30, 8)).astype(np.float32) * 500.0
    points = np.concatenate([crowd, lonely])
    one_each = np.ones(len(points), dtype=np.int64)
    free, kept = (train_tree(points, seed=1, customers=c) for c in (None, one_each))
    assert _distances(lonely, free.centroids).min() < 1.0
    for centroids in (kept.centroids, kept.upper):
        assert _distances(points, centroids).min() > 0.0
        assert len(centroids) <= len(points) // FEWEST_CUSTOMERS
    assert _distances(lonely, kept.centroids).min(axis=1).max() > 1.0
    # A vector that five customers share is nobody's.
    shared = train_tree(points, seed=1, customers=np.where(one_each, 5, 5))
    assert len(shared.centroids) >= len(kept.centroids)


def _distances(points, centroids):
    return np.linalg.norm(points[:, None].astype(np.float64) - centroids[None], axis=2)


def test_drifted_data_climbs_to_more_probes_until_the_recall_is_there():
    vectors = clustered(1_500, 8)
    frozen = froze(vectors, Metric.L2)
    drifted = (np.random.default_rng(4).normal(size=(1_500, 8)) * 2.0).astype(np.float32)
    customers = np.arange(1_500)
    usual, night = (build_night(customers, v, Metric.L2, frozen) for v in (vectors, drifted))
    assert (usual.plan.arrays["near_lists"].shape[1], usual.plan.probes) == frozen.rungs[0]
    assert night.plan.probes > usual.plan.probes
    assert night.plan.estimated_recall >= 0.95
    recall = measure_recall(drifted, Metric.L2, night.graph.nearest(5), sample_size=1_500, seed=1)
    assert recall.recall_at_k >= 0.94


def test_lists_of_another_size_are_trained_anew():
    vectors = clustered(2_000, 6)
    frozen = froze(vectors[:300], Metric.L2)
    customers = np.arange(2_000)
    assert not build_night(customers, vectors, Metric.L2, frozen).plan.is_frozen
    assert build_night(customers[:900], vectors[:900], Metric.L2, frozen).plan.is_frozen
