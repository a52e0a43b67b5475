"""Density clustering from the neighbour graph, against the libraries and against all distances."""

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist
from sklearn.cluster import DBSCAN
from sklearn.metrics import adjusted_rand_score

from kindred.errors import ArtefactError, DataError
from kindred.neighbours import search_plan
from kindred.neighbours.distances import normalised
from kindred.segments.clusters import NOISE
from kindred.segments.density import boruvka_search
from kindred.segments.density.boruvka import spanning_tree
from kindred.segments.density.dbscan_clusters import cluster_dbscan, knee
from kindred.segments.density.hdbscan_clusters import cluster_hdbscan
from kindred.segments.density.hierarchy import nearest_labels
from kindred.segments.density.reachability import reachability
from kindred.spec.clustering import DbscanSettings, HdbscanSettings
from kindred.spec.metrics import Metric
from unit.cluster_cases import DENSE, cluster, graph_of, groups
from unit.graph_cases import clustered


def uneven(rows=3000, dimensions=10, seed=4):
    """Fifteen groups, from dense to thin, and a few customers between them."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(15, rows, p=rng.dirichlet(np.full(15, 4.0)))
    spread = np.geomspace(0.1, 0.6, 15)[truth, None]
    vectors = 1.5 * rng.normal(size=(15, dimensions))[truth]
    vectors += spread * rng.normal(size=(rows, dimensions))
    scattered = rng.random(rows) < 0.03
    vectors[scattered] = 2.0 * rng.normal(size=(int(scattered.sum()), dimensions))
    return vectors.astype(np.float32)


def all_weights(reach, vectors, metric, min_samples):
    """Mutual reachability of all pairs of points, from all distances of all customers."""
    points = vectors[reach.members[reach.starts[:-1]]]
    customers = vectors[reach.members]
    if metric is Metric.COSINE:
        points, customers = normalised(points), normalised(customers)
    # The first of the sorted distances is the customer's own.
    core = np.sort(cdist(points, customers), axis=1)[:, min_samples]
    return np.maximum(cdist(points, points), np.maximum(core[:, None], core))


@pytest.mark.parametrize("metric", [Metric.L2, Metric.COSINE])
@pytest.mark.parametrize(
    "vectors",
    [
        groups()[0],
        groups(grid=0.5)[0],
        clustered(900, 6),
        uneven(1200),
        groups(1200, 3, noise=0)[0],
    ],
    ids=["groups", "grid", "repeats", "uneven", "apart"],
)
def test_the_tree_is_the_shortest_of_all_pairs(vectors, metric):
    min_samples = 5
    graph = graph_of(vectors, metric, 6)
    reach = reachability(vectors, graph, min_samples, metric, seed=0)
    tree = spanning_tree(reach, threads=2)
    count = len(reach.points)
    assert len(tree.weight) == count - 1
    weights = all_weights(reach, vectors, metric, min_samples)
    np.testing.assert_allclose(weights[tree.low, tree.high], tree.weight, rtol=2e-5, atol=2e-6)
    # SciPy takes 0 for no edge.
    shortest = minimum_spanning_tree(np.maximum(weights, 1e-12)).data
    np.testing.assert_allclose(np.sort(shortest), tree.weight, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("limit", [100, 100_000], ids=["lists", "exact"])
@pytest.mark.parametrize("metric", [Metric.L2, Metric.COSINE])
def test_the_plan_of_the_graph_saves_work_and_changes_nothing(metric, limit, monkeypatch):
    vectors = np.vstack([uneven(), np.zeros((2, 10), dtype=np.float32)])
    vectors[100:120] = vectors[0]
    monkeypatch.setattr(search_plan, "EXACT_LIMIT", limit)
    plan = search_plan.plan_graph(vectors, metric, 6, target_recall=0.9, shards=2, seed=3)
    assert (plan.trained_lists is None) == (limit == 100_000)
    graph = graph_of(vectors, metric, 6)
    anew = reachability(vectors, graph, 5, metric, seed=3)
    if limit == 100:
        monkeypatch.delattr(f"{reachability.__module__}.train_lists")
    monkeypatch.delattr(f"{reachability.__module__}.find_distinct")
    handed_on = reachability(vectors, graph, 5, metric, seed=3, plan=plan)
    for field in fields(anew):
        expected, found = getattr(anew, field.name), getattr(handed_on, field.name)
        np.testing.assert_array_equal(found, expected, err_msg=field.name)


def with_lists_in_another_order(plan, seed):
    """The same lists with other numbers, so that every point has another one, too."""
    lists = plan.trained_lists
    order = np.random.default_rng(seed).permutation(len(lists.centroids))
    parts = np.split(lists.order, lists.starts[1:-1])
    arrays = plan.arrays | {
        "list_order": np.concatenate([parts[number] for number in order]),
        "list_starts": np.r_[0, np.cumsum(np.diff(lists.starts)[order])],
        "centroids": lists.centroids[order],
    }
    return replace(plan, arrays=arrays)


@pytest.mark.parametrize("points", [200_000, 0], ids=["exact", "near lists"])
@pytest.mark.parametrize("algorithm", ["hdbscan", "dbscan"])
def test_the_order_of_the_lists_changes_nothing(algorithm, points, monkeypatch):
    vectors, _ = groups(3000, grid=0.5)  # many equal distances, and some equal customers
    monkeypatch.setattr(search_plan, "EXACT_LIMIT", 100)
    monkeypatch.setattr(boruvka_search, "EXACT_POINTS", points)
    plan = search_plan.plan_graph(vectors, Metric.L2, 12, target_recall=0.9, shards=1, seed=3)
    graph = graph_of(vectors)
    settings = {"hdbscan": DENSE.model_copy(update={"exact_limit": 0})}
    settings["dbscan"] = DbscanSettings(eps=1.2, min_samples=5)
    way = {"hdbscan": cluster_hdbscan, "dbscan": cluster_dbscan}[algorithm]
    found, *others = (
        way(vectors, graph, settings[algorithm], Metric.L2, seed=3, plan=given)
        for given in (plan, *(with_lists_in_another_order(plan, seed) for seed in (1, 2)))
    )
    assert found.labels.max() >= 2
    assert (found.labels == NOISE).any()
    for other in others:
        for name in ("labels", "membership", "nearest_labels"):
            np.testing.assert_array_equal(getattr(other, name), getattr(found, name))


def edges_of(tree):
    return set(zip(tree.low.tolist(), tree.high.tolist(), strict=True))


@pytest.mark.parametrize("metric", [Metric.L2, Metric.COSINE])
@pytest.mark.parametrize(
    "vectors",
    [uneven(3000), groups(2000, 3, noise=0)[0], clustered(2500, 6)],
    ids=["uneven", "apart", "repeats"],
)
def test_near_lists_give_nearly_the_same_tree(vectors, metric, monkeypatch):
    reach = reachability(vectors, graph_of(vectors, metric), 5, metric, seed=0)
    exact = spanning_tree(reach)
    monkeypatch.setattr(boruvka_search, "EXACT_POINTS", 0)
    monkeypatch.setattr(boruvka_search, "VISITS", 8)
    near = spanning_tree(reach)
    assert len(near.weight) == len(exact.weight)
    assert len(edges_of(exact) - edges_of(near)) < 0.005 * len(exact.weight)
    lengths = [tree.weight.sum(dtype=np.float64) for tree in (exact, near)]
    assert lengths[0] <= lengths[1] <= 1.0005 * lengths[0]
    for name in ("low", "high", "weight"):
        again = getattr(spanning_tree(reach, threads=2), name)
        np.testing.assert_array_equal(again, getattr(near, name))


def test_a_narrow_graph_gives_the_same_tree():
    vectors = uneven()
    trees = []
    for k in (5, 20, 60):
        reach = reachability(vectors, graph_of(vectors, k=k), 5, Metric.L2, seed=0)
        trees.append(spanning_tree(reach))
    for tree in trees[1:]:
        for name in ("low", "high", "weight"):
            np.testing.assert_array_equal(getattr(tree, name), getattr(trees[0], name))


@pytest.mark.parametrize(
    ("metric", "min_cluster_size"),
    [
        (Metric.L2, 10),
        (Metric.COSINE, 30),
        *(pytest.param(Metric.L2, size, marks=pytest.mark.soak) for size in (30, 100)),
        *(pytest.param(Metric.COSINE, size, marks=pytest.mark.soak) for size in (10, 100)),
    ],
)
@pytest.mark.parametrize(
    "vectors",
    [groups(3000, noise=200)[0], clustered(3000, 6), uneven()],
    ids=["groups", "repeats", "uneven"],
)
def test_the_clusters_are_those_of_the_library(vectors, min_cluster_size, metric):
    settings = HdbscanSettings(min_cluster_size=min_cluster_size, min_samples=5)
    exact = cluster("hdbscan", vectors, metric, settings=settings)
    found = cluster("hdbscan from the graph", vectors, metric, settings=settings)
    assert (exact.method, found.method) == ("hdbscan exact", "hdbscan graph")
    assert found.labels.max() == exact.labels.max()
    assert adjusted_rand_score(exact.labels, found.labels) > 0.99
    assert abs((exact.labels == NOISE).mean() - (found.labels == NOISE).mean()) < 0.005
    assert np.abs(exact.membership - found.membership).mean() < 0.01


def test_planted_groups_are_found():
    vectors, truth = groups(3000, 8, noise=0)
    found = cluster("hdbscan from the graph", vectors)
    assert adjusted_rand_score(truth, found.labels) > 0.9
    is_member = found.labels != NOISE
    assert adjusted_rand_score(truth[is_member], found.labels[is_member]) == 1.0


def test_noise_is_beside_the_nearest_clustered_neighbour_or_what_it_is_linked_with():
    vectors, _ = groups()
    graph = graph_of(vectors)
    reach = reachability(vectors, graph, 5, Metric.L2, seed=1)
    clusters = cluster("hdbscan from the graph", vectors, seed=1)
    labels = clusters.labels[reach.members]
    tree = spanning_tree(reach)
    nearest = nearest_labels(reach, tree, labels)
    np.testing.assert_array_equal(nearest, clusters.nearest_labels[reach.members])
    in_list = linked = 0
    for point in np.flatnonzero(labels == NOISE):
        near = reach.neighbours[point][reach.distances[point] < reach.distances[point, -1]]
        of_cluster = near[labels[near] != NOISE]
        if of_cluster.size:
            assert nearest[point] == labels[of_cluster[0]]
            in_list += 1
        else:
            linked += 1
    assert in_list > 3
    assert linked > 3


def test_what_is_linked_takes_the_label_at_the_other_end_of_the_edge():
    # On a line: one cluster at 0 to 4, one at 20 to 24, noise at 8 and 13, nearer to the first.
    line = np.array([0, 1, 2, 3, 4, 8, 13, 20, 21, 22, 23, 24], dtype=np.float32)[:, None]
    reach = reachability(line, graph_of(line, k=1), 1, Metric.L2, seed=0)
    labels = np.where(line <= 4, 0, np.where(line >= 20, 1, NOISE)).ravel()[reach.members]
    nearest = nearest_labels(reach, spanning_tree(reach), labels.astype(np.int32))
    assert dict(zip(line[reach.members].ravel().tolist(), nearest.tolist(), strict=True)) == {
        **dict.fromkeys([0.0, 1.0, 2.0, 3.0, 4.0, 8.0, 13.0], 0),
        **dict.fromkeys([20.0, 21.0, 22.0, 23.0, 24.0], 1),
    }


def test_a_graph_that_is_too_narrow_is_refused():
    vectors, _ = groups()
    with pytest.raises(
        ArtefactError, match=r"found 4 neighbours .* needs 5; clear task 'plan_graph'"
    ):
        reachability(vectors, graph_of(vectors, k=4), 5, Metric.L2, seed=0)


def test_distances_beyond_float32_are_refused():
    vectors = groups(noise=0)[0][:40]
    reach = reachability(vectors, graph_of(vectors, k=5), 5, Metric.L2, seed=0)
    reach.core[:] = np.inf
    with pytest.raises(DataError, match="too large for float32"):
        spanning_tree(reach)


@pytest.mark.parametrize(("metric", "eps"), [(Metric.L2, 0.9), (Metric.COSINE, 0.08)])
@pytest.mark.parametrize("vectors", [uneven(), clustered(2000, 6)], ids=["uneven", "repeats"])
def test_dbscan_is_that_of_scikit_learn(vectors, metric, eps):
    settings = DbscanSettings(eps=eps, min_samples=5)
    found = cluster("dbscan", vectors, metric, settings=settings)
    plain = DBSCAN(eps=eps, min_samples=5, metric=str(metric).replace("l2", "euclidean"))
    plain.fit(vectors)
    is_core = np.zeros(len(vectors), dtype=bool)
    is_core[plain.core_sample_indices_] = True
    assert 0.1 < is_core.mean() < 0.99
    np.testing.assert_array_equal(found.membership == 1.0, is_core)
    np.testing.assert_array_equal(found.labels == NOISE, plain.labels_ == NOISE)
    assert adjusted_rand_score(plain.labels_[is_core], found.labels[is_core]) == 1.0
    gaps = cdist(vectors, vectors[is_core], "euclidean" if metric is Metric.L2 else "cosine")
    border = np.flatnonzero(~is_core & (found.labels != NOISE))
    expected = found.labels[is_core][gaps[border].argmin(axis=1)]
    np.testing.assert_array_equal(found.labels[border], expected)


def test_dbscan_takes_eps_from_the_knee_and_says_so():
    vectors, truth = groups()
    clusters = cluster("dbscan", vectors)
    fourth = np.sort(cdist(vectors, vectors), axis=1)[:, 4]
    assert clusters.figures["eps"] == pytest.approx(knee(fourth), rel=1e-6)
    is_member = clusters.labels != NOISE
    assert adjusted_rand_score(truth[is_member], clusters.labels[is_member]) > 0.9


def test_the_knee_is_where_the_curve_is_farthest_below_its_chord():
    # Flat to 1, then steep: the chord from (0, 0) to (1, 11) is farthest above it at 1.
    curve = np.concatenate([np.linspace(0.0, 1.0, 91), np.linspace(2.0, 11.0, 10)])
    assert knee(np.random.default_rng(0).permutation(curve)) == 1.0
    assert knee(np.concatenate([np.zeros(300), curve])) == 1.0
    assert knee(np.zeros(7)) == 0.0
    assert knee(np.full(7, 3.5)) == 3.5
    assert knee(np.array([2.0])) == 2.0


def test_settings_say_how_many_neighbours_make_a_customer_core():
    assert DENSE.min_samples == 5
    line = np.arange(10, dtype=np.float32)[:, None]
    # Within 1 there are three customers, oneself among them, but two at the ends.
    three = cluster("dbscan", line, settings=DbscanSettings(eps=1.0, min_samples=3))
    assert three.labels.tolist() == [0] * 10
    assert three.membership.tolist() == pytest.approx([2 / 3, *[1.0] * 8, 2 / 3])
    four = cluster("dbscan", line, settings=DbscanSettings(eps=1.0, min_samples=4))
    assert (four.labels == NOISE).all()
