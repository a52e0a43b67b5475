"""Lists that belong to an encoder: trained once, the same for all its nights."""

import numpy as np
import pytest

from kindred.neighbours import search_plan
from kindred.neighbours.list_training import FEWEST_CUSTOMERS, train_tree
from kindred.neighbours.tiles import make_tiles, score_buffer, score_group
from kindred.spec.metrics import Metric
from unit.graph_cases import build_night, clustered, froze, measure_recall


@pytest.fixture(autouse=True)
def _small_lists(monkeypatch):
    monkeypatch.setattr(search_plan, "EXACT_LIMIT", 200)
    for module in ("list_training", "frozen_lists"):
        monkeypatch.setattr(f"kindred.neighbours.{module}.LIST_SIZE", 16)


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
    usual, night = (build_night(v, Metric.L2, frozen) for v in (vectors, drifted))
    assert (usual.plan.arrays["near_lists"].shape[1], usual.plan.probes) == frozen.rungs[0]
    assert night.plan.probes > usual.plan.probes
    assert night.plan.estimated_recall >= (frozen.candidate_recall or 0.95)
    recall = measure_recall(drifted, Metric.L2, night.graph.nearest(5), sample_size=1_500, seed=1)
    assert recall.recall_at_k >= 0.94


def test_lists_that_all_have_moved_away_from_are_trained_anew():
    vectors = clustered(2_000, 6)
    frozen = froze(vectors, Metric.L2)
    moved = build_night(vectors + np.float32(1_000), Metric.L2, frozen)
    assert not moved.plan.is_frozen
    assert np.diff(moved.plan.arrays["list_starts"]).max() < 1_000


def test_lists_of_another_size_are_trained_anew():
    vectors = clustered(2_000, 6)
    frozen = froze(vectors[:300], Metric.L2)
    assert not build_night(vectors, Metric.L2, frozen).plan.is_frozen
    assert build_night(vectors[:900], Metric.L2, frozen).plan.is_frozen
