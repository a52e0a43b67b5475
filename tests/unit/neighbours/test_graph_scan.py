"""The compiled ways against the plain ones: equal bits, whatever the values."""

import logging

import numpy as np
import pytest

from kindred.neighbours import compiled as compiled_module
from kindred.neighbours import scan
from kindred.neighbours.candidate_rows import KINDS, nearest_rows
from kindred.neighbours.compiled import compiled
from kindred.neighbours.distances import eligible, pair_distances
from kindred.neighbours.distinct import find_distinct, select_rows
from kindred.neighbours.exact import MANY_POINTS, SCAN_MANY_FROM, point_search
from kindred.neighbours.list_kernel import _rank_first
from kindred.neighbours.products import nearest_by_products
from kindred.neighbours.scan import PointScan
from kindred.neighbours.sketches import Slack, find_axes, longest_sketch, squared_distance
from kindred.neighbours.threads import cut, in_threads
from kindred.neighbours.tiles import keep_best, score_buffer
from kindred.spec.metrics import Metric
from unit.graph_cases import clustered

EVERY_METRIC = pytest.mark.parametrize("metric", list(Metric))


def distinct_points(vectors, metric):
    return vectors[find_distinct(vectors, eligible(metric, vectors)).first_rows]


EVERY_CHANGE = pytest.mark.parametrize(
    "change",
    [
        lambda vectors: vectors,
        lambda vectors: vectors * np.float32(1e-22),  # squares that vanish in float32
        lambda vectors: vectors * np.float32(3e19),  # and squares that are infinite in it
        lambda vectors: vectors + np.float32(5000.0),
        lambda vectors: np.round(vectors),  # hundreds of equal distances
        lambda vectors: np.vstack([vectors, vectors * np.float32(1 + 1e-6)]),
    ],
    ids=["plain", "tiny", "huge", "far away", "ties", "near twins"],
)


@EVERY_METRIC
@EVERY_CHANGE
def test_scans_give_what_products_give(metric, change):
    vectors = change(clustered(1300, 7)).astype(np.float32)
    if metric is Metric.INNER_PRODUCT and np.abs(vectors).max() > 1e19:
        vectors /= np.float32(1e3)  # or float32 could not hold the products either
    points = distinct_points(vectors, metric)
    queries = np.ascontiguousarray(points[::5])
    expected = nearest_by_products(points, metric, queries, 9)
    for threads in (1, 3):
        found = PointScan(points, metric, threads).nearest(queries, 9)
        np.testing.assert_array_equal(found[0], expected[0])
        assert found[1].tobytes() == expected[1].tobytes()


def of_few_components(count, seed, dimensions=44):
    """Points that differ mostly in five directions, none of which is a dimension."""
    rng = np.random.default_rng(seed)
    spread = rng.standard_normal((count, 5)) @ rng.standard_normal((5, dimensions))
    return (spread + 0.2 * rng.standard_normal((count, dimensions))).astype(np.float32)


@pytest.mark.parametrize("metric", [Metric.L2, Metric.COSINE])
@EVERY_CHANGE
def test_scans_of_sketches_give_what_products_give(metric, change, monkeypatch):
    monkeypatch.setattr(scan, "SKETCHED_FROM", 0)
    points = distinct_points(change(of_few_components(2600, 7)).astype(np.float32), metric)
    queries = np.ascontiguousarray(points[::5])
    expected = nearest_by_products(points, metric, queries, 9)
    for threads in (1, 3):
        scanned = PointScan(points, metric, threads)
        assert scanned.is_sketched
        found = scanned.nearest(queries, 9)
        np.testing.assert_array_equal(found[0], expected[0])
        assert found[1].tobytes() == expected[1].tobytes()


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_sketches_of_points_are_never_farther_apart_than_their_slack_says(scale):
    points = of_few_components(900, 3) * np.float32(scale) + np.float32(100.0 * scale)
    axes = find_axes(points)
    sketches = axes.sketch(points)
    slack = Slack.of(points.shape[1], axes.longest(points))
    for one, other in np.random.default_rng(5).integers(0, 900, (3000, 2)):
        near = squared_distance(sketches[one], sketches[other])
        far = squared_distance(points[one], points[other])
        assert near <= longest_sketch(far, slack.relative, slack.absolute)


def test_points_that_differ_in_all_directions_have_no_sketches(monkeypatch):
    rng = np.random.default_rng(6)
    assert find_axes(rng.standard_normal((3000, 40)).astype(np.float32)) is None
    # Few components, but everybody lies as far away from the next one as from anybody.
    far = of_few_components(3000, 8)
    far[np.arange(3000), np.arange(3000) % 44] += 300.0 * rng.standard_normal(3000)
    assert find_axes(far.astype(np.float32)) is None
    monkeypatch.setattr(scan, "SKETCHED_FROM", 0)
    assert not PointScan(of_few_components(300, 9), Metric.INNER_PRODUCT).is_sketched


@EVERY_METRIC
@pytest.mark.parametrize("count", [1, 2, 3, 17])
def test_scans_of_fewer_points_than_are_wanted(metric, count):
    points = distinct_points(clustered(count, 3), metric)
    found = PointScan(points, metric).nearest(points, 30)
    expected = nearest_by_products(points, metric, points, 30)
    np.testing.assert_array_equal(found[0], expected[0])
    assert found[1].tobytes() == expected[1].tobytes()


@EVERY_METRIC
def test_compiled_rows_are_those_that_were_selected_by_sorting(metric):
    vectors = clustered(900, 11)
    vectors[::9] = vectors[3]
    distinct = find_distinct(vectors, eligible(metric, vectors))
    points = vectors[distinct.first_rows]
    rng = np.random.default_rng(4)
    candidates = np.array(
        [rng.choice(len(points), 14, replace=False) for _ in range(200)], dtype=np.int32
    )
    candidates[rng.random(candidates.shape) < 0.2] = -1
    queries, slots = np.nonzero(candidates >= 0)
    distances = np.full(candidates.shape, np.nan, dtype=np.float32)
    distances[queries, slots] = pair_distances(
        metric, points, points, queries, candidates[queries, slots]
    )
    for width in (1, 6, 40):
        expected = select_rows(distinct, candidates, distances, width)
        rows = np.empty((200, width), dtype=np.int32)
        found = np.empty((200, width), dtype=np.float32)
        nearest_rows(
            KINDS[metric],
            points[:200],
            points,
            candidates,
            distinct.starts,
            distinct.members,
            rows,
            found,
        )
        np.testing.assert_array_equal(rows, expected[0])
        np.testing.assert_array_equal(found, expected[1])


def test_members_follow_another_order_of_the_vectors():
    vectors = np.array([[1], [2], [1], [3], [2], [1]], dtype=np.float32)
    distinct = find_distinct(vectors, np.ones(6, dtype=np.bool_))
    starts, members = distinct.members_of(np.array([2, 0, 1]))
    assert starts.tolist() == [0, 1, 4, 6]
    assert members.tolist() == [3, 0, 2, 5, 1, 4]


@pytest.mark.parametrize("count", [1, 63, 64, 65, 200])
def test_the_best_scores_are_kept_in_order(count):
    scores = score_buffer(count)[0]
    scores[:] = -9.0  # what lies beyond the count means nothing
    scores[:count] = np.random.default_rng(count).permutation(count)
    kept = np.full(5, np.inf, dtype=np.float32)
    ids = np.full(5, -1, dtype=np.int32)
    keep_best(scores, count, 1000, kept, ids)
    best = np.argsort(scores[:count])[:5]
    assert ids.tolist() == [*(best + 1000).tolist(), *[-1] * (5 - len(best))]
    assert kept[: len(best)].tolist() == sorted(scores[:count].tolist())[:5]


@pytest.mark.parametrize("n", [1, 3, 64, 65, 99, 100])
def test_the_first_ranks_are_those_of_the_best_scores_and_of_ties_the_first(n):
    scores = score_buffer(100)[0]
    scores[:100] = np.random.default_rng(n).integers(0, 30, size=100)
    room, ranks = np.empty(n, dtype=np.float32), np.empty(n, dtype=np.int32)
    _rank_first(scores, 100, room, ranks)
    assert sorted(ranks.tolist()) == sorted(np.argsort(scores[:100], kind="stable")[:n].tolist())


def test_few_queries_of_many_points_are_scanned():
    points = np.zeros((MANY_POINTS + 1, 4), dtype=np.float32)
    enough = SCAN_MANY_FROM // len(points) + 1
    chosen = point_search(points, Metric.L2, enough, 1)
    assert isinstance(getattr(chosen, "__self__", None), PointScan)
    for found in (
        point_search(points, Metric.L2, enough - 1, 1),
        point_search(points[1:], Metric.L2, enough, 1),
    ):
        assert found.func is nearest_by_products


def test_pieces_cover_everything():
    assert cut(10, 4) == [(0, 4), (4, 8), (8, 10)]
    assert cut(0, 4) == []
    done = []
    for count, size in ((10, 4), (10, 10), (0, 4)):
        done.clear()
        in_threads(lambda start, stop: done.append((start, stop)), cut(count, size), 2)
        assert sorted(done) == cut(count, size)


@pytest.mark.parametrize("size", [1, 100])
def test_an_error_in_a_thread_ends_the_work(size):
    def fail(start, stop):
        raise ValueError(f"piece {start}")

    with pytest.raises(ValueError, match="piece 0"):
        in_threads(fail, cut(100, size), 2)


def test_without_a_place_for_machine_code_it_is_compiled_in_memory(monkeypatch, caplog):
    plain_njit = compiled_module.numba.njit

    def njit(**options):
        if options.pop("cache", False):
            raise RuntimeError("cannot cache function 'double': no locator available")
        return plain_njit(**options)

    monkeypatch.setattr(compiled_module.numba, "njit", njit)
    with caplog.at_level(logging.INFO):

        @compiled
        def double(value):
            return value * 2

    assert double(4) == 8
    assert "set NUMBA_CACHE_DIR to a writable folder" in caplog.text
