"""A pass over neighbours' neighbours, and what it may be counted on for."""

import logging

import numpy as np
import pytest

from kindred.errors import ArtefactError
from kindred.neighbours import refined_graph, refining, search_plan
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.refined_graph import refine_graph
from kindred.neighbours.refining import holders_of, refine
from kindred.neighbours.refining_gain import candidate_recall
from kindred.neighbours.results import Candidates
from kindred.neighbours.search import find_candidates
from kindred.neighbours.search_plan import plan_graph
from kindred.neighbours.truth import find_truth
from kindred.spec.metrics import Metric
from unit.graph_cases import assert_sound, clustered, measure_recall, search_all


@pytest.fixture(autouse=True)
def _small_lists(monkeypatch):
    monkeypatch.setattr(search_plan, "EXACT_LIMIT", 200)
    monkeypatch.setattr("kindred.neighbours.list_training.LIST_SIZE", 16)


def planned(vectors, metric=Metric.L2, *, shards=1, **options):
    distinct = find_distinct(vectors, eligible(metric, vectors))
    truth = find_truth(vectors, metric, 5, distinct, seed=3, by_content=True)
    given = {"distinct": distinct, "truth": truth, "is_refined": True, **options}
    plan = plan_graph(
        vectors, metric, 8, target_recall=0.95, shards=shards, seed=3, recall_k=5, **given
    )
    return plan, truth


@pytest.mark.parametrize("metric", [Metric.L2, Metric.COSINE], ids=str)
def test_a_refined_graph_reaches_the_target_with_fewer_probes(metric):
    vectors = clustered(3_000, 16)
    if metric is Metric.COSINE:
        vectors[::97] = 0.0  # customers without a direction have no neighbours
    plan, truth = planned(vectors, metric)
    assert plan.is_refined
    alone, _ = planned(vectors, metric, is_refined=False)
    assert plan.probes < alone.probes
    graph = search_all(plan, vectors, truth)
    assert_sound(graph, vectors, metric, 8)
    recall = measure_recall(vectors, metric, graph.nearest(5), sample_size=2_900, seed=1)
    assert recall.recall_at_k >= 0.94


def test_the_graph_depends_on_no_shard_thread_piece_or_order_of_the_customers(monkeypatch):
    vectors = clustered(1_500, 7)
    whole = search_all(*_given(vectors))
    monkeypatch.setattr(refining, "POINTS_AT_ONCE", 100)
    monkeypatch.setattr(refined_graph, "POINTS_AT_ONCE", 333)
    for shards, threads in ((3, 2), (7, 1)):
        again = search_all(*_given(vectors, shards=shards), threads=threads)
        for name in ("neighbours", "distances", "eligible"):
            assert getattr(again, name).tobytes() == getattr(whole, name).tobytes()
    order = np.random.default_rng(2).permutation(1_500)
    shuffled = search_all(*_given(vectors[order]))
    np.testing.assert_array_equal(shuffled.distances, whole.distances[order])


def _given(vectors, shards=1):
    plan, truth = planned(vectors, shards=shards)
    assert plan.is_refined
    return plan, vectors, truth


def test_everyone_is_compared_with_the_candidates_of_candidates_and_with_holders():
    rng = np.random.default_rng(4)
    points = rng.normal(size=(120, 8)).astype(np.float32)
    candidates = np.array([rng.choice(120, 6, replace=False) for _ in range(120)], dtype=np.int32)
    candidates[7, 4:] = -1
    squares = np.square(points[:, None] - points[None]).sum(axis=2)
    scores = np.take_along_axis(squares, np.maximum(candidates, 0), axis=1)
    scores[candidates < 0] = np.inf
    order = np.argsort(scores, axis=1)
    found = Candidates(
        0, np.take_along_axis(candidates, order, 1), np.take_along_axis(scores, order, 1)
    )
    refined = refine(points, found, threads=2)
    holders = holders_of(found.points)
    for own in range(120):
        assert holders[own].tolist() == _plain_holders(found.points, own)
        vias = [via for via in (*found.points[own], *holders[own]) if via >= 0]
        others = set(found.points[own]) | set(vias)
        for via in vias:
            if via != own:
                others |= set(found.points[via]) | set(holders[via][: refining.HOLDERS_OF_EACH])
        others -= {-1}
        if own not in found.points[own]:
            others -= {own}
        wanted = sorted(others, key=lambda other: squares[own, other])[:6]
        assert refined.points[own][: len(wanted)].tolist() == wanted
        np.testing.assert_allclose(
            refined.scores[own][: len(wanted)], squares[own, wanted], rtol=1e-5
        )


def _plain_holders(candidates, own):
    held = [
        (rank, row) for row, rank in zip(*np.nonzero(candidates == own), strict=True) if row != own
    ]
    rows = [row for _, row in sorted(held)][: refining.HOLDERS]
    return rows + [-1] * (refining.HOLDERS - len(rows))


def test_passes_go_on_until_the_sample_is_good_enough_but_not_for_ever(caplog):
    caplog.set_level(logging.INFO, "kindred.neighbours.refined_graph")
    vectors = clustered(1_500, 7)
    plan, truth = planned(vectors)
    found = find_candidates(plan, vectors, 0)
    for target, passes in ((0.5, 1), (1.01, refined_graph.MOST_PASSES)):
        caplog.clear()
        refine_graph(plan, vectors, [found], truth, target)
        assert len(caplog.records) == passes


def test_a_pass_is_not_counted_on_where_it_finds_little():
    """Among vectors of very different lengths a few are everyone's candidates."""
    rng = np.random.default_rng(0)
    hubs = (rng.normal(size=(2_000, 40)) * rng.lognormal(0, 1, (2_000, 1))).astype(np.float32)
    crowds = clustered(2_000, 40)
    found = []
    for vectors, metric in (
        (hubs, Metric.L2),
        (crowds, Metric.INNER_PRODUCT),
        (crowds, Metric.L2),
    ):
        distinct = find_distinct(vectors, np.ones(2_000, dtype=np.bool_))
        found.append(candidate_recall(vectors, distinct, metric, 5, 0.95, seed=1, threads=1))
    assert found[:2] == [None, None]
    assert 0.5 < found[2] < 0.95
    plan, truth = planned(hubs)
    assert not plan.is_refined
    assert plan.estimated_recall >= 0.95
    assert_sound(search_all(plan, hubs, truth), hubs, Metric.L2, 8)


def test_missing_and_double_shards_are_refused():
    vectors = clustered(1_000, 6)
    plan, truth = planned(vectors, shards=3)
    parts = [find_candidates(plan, vectors, shard) for shard in range(3)]
    for wrong in (parts[:2], parts[1:], [parts[0], *parts], [*parts, parts[2]]):
        with pytest.raises(ArtefactError, match="clear task 'search_graph'"):
            refine_graph(plan, vectors, wrong, truth, 0.9)
