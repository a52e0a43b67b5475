"""The items of neighbours, ranked: against a slow, plain computation."""

import numpy as np
import pytest
from scipy import sparse

from kindred.neighbours.results import ShardResult
from kindred.neighbours.search import search_shards
from kindred.neighbours.search_plan import plan_graph
from kindred.recommendations import lists
from kindred.recommendations.lists import (
    Catalogue,
    Recommendations,
    most_popular,
    recommend,
)
from kindred.recommendations.parameters import (
    MIN_BUYING_NEIGHBOURS,
    PSEUDO_NEIGHBOURS,
    Method,
    Parameters,
    similarities,
)
from kindred.spec.metrics import Metric

CHOICES = [Parameters(30, 1, 0.0), Parameters(12, 3, 0.25)]


def purchases(customers=90, items=40, seed=1):
    rng = np.random.default_rng(seed)
    popularity = np.linspace(0.02, 0.6, items)
    counts = (rng.random((customers, items)) < popularity) * rng.integers(1, 5, (customers, items))
    counts[::10] = 0
    return sparse.csr_array(counts.astype(np.int32))


def graph(customers=90, neighbours=30, seed=2):
    """Random neighbours with ascending distances; customer 3 has none."""
    rng = np.random.default_rng(seed)
    near = np.stack(
        [
            rng.permutation(np.delete(np.arange(customers), row))[:neighbours]
            for row in range(customers)
        ]
    ).astype(np.int32)
    distances = np.sort(rng.random((customers, neighbours)) * 1.2, axis=1).astype(np.float32)
    near[3], distances[3] = -1, np.nan
    return ShardResult(np.arange(customers), near, distances)


def plain_list(owned, near, row, count, parameters, offered):
    """(item, bought_by, score, method) of one customer, with sets and sums in Python."""
    buyers = {item: sum(item in one for one in owned) for item in range(len(offered))}
    everyone = sum(bool(one) for one in owned)
    listable = [i for i in buyers if offered[i] and buyers[i] >= 5 and i not in owned[row]]
    weights = {}
    for neighbour, distance in zip(near.neighbours[row], near.distances[row], strict=True):
        if neighbour >= 0 and distance < 1 and len(weights) < parameters.neighbours:
            weights[int(neighbour)] = (1 - float(distance)) ** parameters.sharpness
    total = sum(weights.values())
    found = []
    for item in listable:
        by = [neighbour for neighbour in weights if item in owned[neighbour]]
        if len(by) >= MIN_BUYING_NEIGHBOURS:
            share = buyers[item] / everyone
            added = PSEUDO_NEIGHBOURS * total / len(weights)
            near_share = (sum(weights[n] for n in by) + added * share) / (total + added)
            found.append((item, len(by), near_share * share**-parameters.lift_share))
    found.sort(key=lambda one: (-one[2], one[0]))
    listed = [(*one, Method.NEIGHBOURS) for one in found[:count]]
    rest = [i for i in listable if i not in {one[0] for one in listed}]
    rest.sort(key=lambda item: (-buyers[item], item))
    listed += [(i, 0, buyers[i] / everyone, Method.POPULAR) for i in rest]
    return listed[:count]


@pytest.mark.parametrize("parameters", CHOICES)
def test_lists_are_those_of_a_plain_computation(parameters):
    counts, near = purchases(), graph()
    offered = np.random.default_rng(3).random(40) < 0.8
    catalogue = Catalogue.of(counts, offered)
    found = recommend(catalogue, Metric.COSINE, near, 12, parameters=parameters)
    owned = [set(row.nonzero()[0].tolist()) for row in counts.toarray()]
    methods = set()
    for row in range(90):
        expected = plain_list(owned, near, row, 12, parameters, offered)
        kept = found.items[row] >= 0
        assert found.items[row][kept].tolist() == [one[0] for one in expected]
        assert found.bought_by[row][kept].tolist() == [one[1] for one in expected]
        np.testing.assert_allclose(found.scores[row][kept], [one[2] for one in expected], rtol=1e-5)
        assert found.methods[row][kept].tolist() == [one[3] for one in expected]
        assert not found.methods[row][~kept].any()
        methods |= set(found.methods[row].tolist())
    assert {Method.NEIGHBOURS, Method.POPULAR} <= methods
    assert (found.methods[3] == Method.POPULAR).all()


def test_owned_unavailable_and_rare_items_are_on_no_list():
    counts = purchases().toarray()
    counts[:, 0] = 0
    counts[1:5, 0] = 1  # four owners
    offered = np.arange(40) % 3 > 0
    found = recommend(
        Catalogue.of(sparse.csr_array(counts), offered),
        Metric.COSINE,
        graph(),
        40,
        parameters=CHOICES[0],
    )
    for row in range(90):
        listed = found.items[row][found.items[row] >= 0]
        assert len(set(listed.tolist())) == len(listed)
        assert not counts[row][listed].any()
        assert offered[listed].all()
    assert 0 not in found.items


def test_the_share_among_few_neighbours_is_shrunk_towards_everyones():
    """Five of five neighbours own item 0; of another customer's 50, 40 own item 1."""
    counts = np.zeros((140, 2), dtype=np.int32)
    counts[:5, 0] = counts[5:45, 1] = 1
    counts[100:, :] = 1
    near = ShardResult(
        np.array([90, 91]),
        np.array([[*range(5), *[-1] * 45], list(range(5, 55))], dtype=np.int32),
        np.where(np.arange(50) < [[5], [50]], np.float32(0.5), np.float32(np.nan)),
    )
    found = recommend(
        Catalogue.of(sparse.csr_array(counts)), Metric.COSINE, near, 1, parameters=Parameters()
    )
    assert found.items.tolist() == [[0], [1]]
    shares = np.array([45, 80]) / 85
    expected = [(5 + 5 * shares[0]) / 10, (40 + 5 * shares[1]) / 55]
    np.testing.assert_allclose(found.scores[:, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(
        found.lifts(Catalogue.of(sparse.csr_array(counts)))[:, 0],
        [1 / shares[0], 0.8 / shares[1]],
        rtol=1e-6,
    )


def test_popular_items_have_no_lift_and_no_buying_neighbours():
    catalogue = Catalogue.of(purchases())
    found = most_popular(catalogue, np.array([0, 4]), 5)
    assert (found.methods == Method.POPULAR).all()
    assert np.isnan(found.lifts(catalogue)).all()
    assert not found.bought_by.any()
    assert found.items[0].tolist() == catalogue.popular[:5].tolist()
    assert (np.diff(found.scores, axis=1) <= 0).all()


def test_customers_without_events_get_what_their_profiles_neighbours_bought():
    near = graph()
    found = recommend(
        Catalogue.of(purchases()),
        Metric.L2,
        ShardResult(near.rows[::10], near.neighbours[::10], near.distances[::10]),
        5,
        parameters=CHOICES[0],
        method=Method.PROFILE,
    )
    assert set(found.methods.ravel().tolist()) <= {Method.PROFILE, Method.POPULAR}
    assert (found.methods == Method.PROFILE).any()


def test_too_few_items_leave_the_rest_of_a_list_empty():
    counts = sparse.csr_array(np.tile([1, 1, 0], (8, 1)))
    found = most_popular(Catalogue.of(counts), np.array([0]), 4)
    assert found.items.tolist() == [[-1] * 4]
    assert found.methods.tolist() == [[Method.NONE] * 4]
    nothing = Catalogue.of(sparse.csr_array((3, 0), dtype=np.int32))
    assert most_popular(nothing, np.arange(3), 2).items.tolist() == [[-1, -1]] * 3


def test_threads_shards_and_blocks_change_no_bit(monkeypatch):
    counts = purchases(400, 50)
    vectors = np.random.default_rng(5).normal(size=(400, 6)).astype(np.float32)
    vectors[::50] = 0.0
    expected = None
    for shards, threads, block in ((1, 1, 4096), (3, 2, 7)):
        monkeypatch.setattr(lists, "ROWS_AT_ONCE", block)
        monkeypatch.setattr("kindred.neighbours.search_plan.EXACT_BLOCK", 64)
        plan = plan_graph(
            vectors, Metric.COSINE, 25, target_recall=1.0, shards=shards, seed=1, threads=threads
        )
        parts = [
            recommend(
                Catalogue.of(counts), Metric.COSINE, near, 9, parameters=CHOICES[1], threads=threads
            )
            for near in search_shards(plan, vectors, threads=threads)
        ]
        found = Recommendations.joined(parts)
        expected = expected or found
        assert sum(len(part.rows) > 0 for part in parts) == shards
        for name in ("rows", "items", "scores", "bought_by", "methods", "counted"):
            assert getattr(found, name).tobytes() == getattr(expected, name).tobytes()
    assert expected.rows.tolist() == np.flatnonzero(vectors.any(axis=1)).tolist()


@pytest.mark.parametrize("metric", list(Metric))
def test_similarities_fall_with_the_distance_and_lie_between_0_and_1(metric):
    nearest = [-2.0, -1.0, 0.5] if metric is Metric.INNER_PRODUCT else [0.0, 0.3, 1.5]
    distances = np.array([nearest, [0.0, 0.0, 0.0], [0.25, 0.5, np.nan]])
    found = similarities(metric, distances.astype(np.float32))
    assert (np.diff(found[:2], axis=1) <= 0).all()
    assert found[2, 0] >= found[2, 1] >= found[2, 2] == 0.0
    assert ((found >= 0) & (found <= 1)).all()
    assert similarities(metric, np.empty((2, 0), dtype=np.float32)).shape == (2, 0)


def test_similarities_by_cosine():
    found = similarities(Metric.COSINE, np.array([[0.0, 0.25, 1.0, 1.5]], dtype=np.float32))
    assert found.tolist() == [[1.0, 0.75, 0.0, 0.0]]
