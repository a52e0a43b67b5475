"""Vectors and a slow, plain neighbour search that the graph is compared with."""

import io
from dataclasses import dataclass

import numpy as np

from kindred.neighbours.distances import distances, eligible
from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.recall import recall_of
from kindred.neighbours.results import NeighbourGraph
from kindred.neighbours.search import find_candidates, merge_shards, search_shard
from kindred.neighbours.search_plan import GraphPlan, plan_graph
from kindred.neighbours.truth import find_truth


def clustered(rows, dimensions, seed=0):
    """Customers around 40 centres, a tenth of them repeating another."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(40, dimensions))
    vectors = centers[rng.integers(0, 40, rows)] + rng.normal(size=(rows, dimensions)) * 0.4
    vectors = vectors.astype(np.float32)
    repeats = rng.choice(rows, rows // 10, replace=False)
    vectors[repeats] = vectors[rng.integers(0, rows, rows // 10)]
    return vectors


def plain_neighbours(queries, base, metric, k, exclude=None):
    """All distances of every query, sorted by (distance, row) with Python."""
    rows = np.flatnonzero(eligible(metric, base))
    found, kept = [], []
    for number, query in enumerate(queries):
        others = rows if exclude is None else rows[rows != exclude[number]]
        ranked = sorted(
            zip(
                distances(
                    metric, np.broadcast_to(query, base[others].shape), base[others]
                ).tolist(),
                others.tolist(),
                strict=True,
            )
        )[:k]
        found.append([row for _, row in ranked])
        kept.append([distance for distance, _ in ranked])
    return np.array(found, dtype=np.int64), np.array(kept, dtype=np.float32)


def build_graph(
    vectors, metric, k, *, shards=1, target_recall=0.99, seed=3, exact=False, threads=1
):
    """A plan and the graph of all its shards."""
    plan = plan_graph(
        vectors,
        metric,
        k,
        target_recall=target_recall,
        shards=shards,
        seed=seed,
        exact=exact,
        threads=threads,
    )
    return plan, search_all(plan, vectors, None, threads=threads)


def search_all(plan, vectors, truth, target_recall=0.95, *, threads=1):
    """The graph of all shards of a plan, with a pass over neighbours where it wants one."""
    if not plan.is_refined:
        shards = [search_shard(plan, vectors, n, threads=threads) for n in range(plan.shards)]
        return merge_shards(plan, shards)
    from kindred.neighbours.refined_graph import refine_graph

    found = [find_candidates(plan, vectors, n, threads=threads) for n in range(plan.shards)]
    return refine_graph(plan, vectors, found, truth, target_recall, threads=threads)


def froze(vectors, metric, k=5, target_recall=0.95):
    """The lists of an encoder that was fitted on these vectors."""
    from kindred.neighbours.frozen_lists import freeze_lists

    distinct = find_distinct(vectors, eligible(metric, vectors))
    truth = find_truth(vectors, metric, k, distinct, seed=3, by_content=True)
    return freeze_lists(vectors, distinct, metric, truth, target_recall, seed=3, threads=1)


@dataclass(frozen=True)
class Night:
    """A snapshot of an encoder with its graph."""

    plan: GraphPlan
    graph: NeighbourGraph


def build_night(vectors, metric, frozen, *, k=8, shards=1, threads=1):
    """A night's graph, searched in the lists of an encoder."""
    distinct = find_distinct(vectors, eligible(metric, vectors))
    truth = find_truth(vectors, metric, 5, distinct, seed=3, by_content=True, threads=threads)
    plan = plan_graph(
        vectors,
        metric,
        k,
        target_recall=0.95,
        shards=shards,
        seed=3,
        recall_k=5,
        distinct=distinct,
        truth=truth,
        frozen=frozen,
        threads=threads,
    )
    return Night(plan, search_all(plan, vectors, truth, threads=threads))


def measure_recall(vectors, metric, graph, *, sample_size=1000, seed):
    """The recall of a graph among some of its customers."""
    k, distinct = graph.neighbours.shape[1], find_distinct(vectors, eligible(metric, vectors))
    sizes = {"tuning_size": 0, "measuring_size": sample_size}
    truth = find_truth(vectors, metric, k or 1, distinct, seed=seed, **sizes)
    return recall_of(truth, metric, graph, is_tuned=True, seed=seed)


def assert_sound(graph, vectors, metric, k):
    """What holds for every graph, however it was searched."""
    rows = np.flatnonzero(eligible(metric, vectors))
    width = max(0, min(k, len(rows) - 1))
    assert graph.neighbours.shape == graph.distances.shape == (len(vectors), width)
    assert graph.neighbours.dtype == np.int32
    assert graph.distances.dtype == np.float32
    np.testing.assert_array_equal(graph.eligible, eligible(metric, vectors))
    assert (graph.neighbours[~graph.eligible] == -1).all()
    assert np.isnan(graph.distances[~graph.eligible]).all()
    neighbours, found = graph.neighbours[rows], graph.distances[rows]
    assert not (neighbours == rows[:, None]).any()
    assert graph.eligible[neighbours].all()
    ascending = np.sort(neighbours, axis=1)
    assert (ascending[:, 1:] > ascending[:, :-1]).all()
    own = np.repeat(rows, width)
    recomputed = distances(metric, vectors[own], vectors[neighbours.ravel()])
    np.testing.assert_array_equal(found, recomputed.reshape(found.shape))
    is_tie = found[:, 1:] == found[:, :-1]
    assert (found[:, 1:] >= found[:, :-1]).all()
    assert (neighbours[:, 1:] > neighbours[:, :-1])[is_tie].all()


def stored_and_read(arrays):
    """The arrays as files without pickle give them back."""
    found = {}
    for name, values in arrays.items():
        file = io.BytesIO()
        np.save(file, values, allow_pickle=False)
        file.seek(0)
        found[name] = np.load(file, allow_pickle=False)
    return found
