"""The clusters of a spanning tree, and those nearest to noise."""

import numpy as np

from kindred.neighbours.compiled import compiled
from kindred.progress.steps import step
from kindred.segments.clusters import NOISE
from kindred.segments.density.boruvka_edges import Edges
from kindred.segments.density.condensed_tree import condense, merge, select
from kindred.segments.density.reachability import Reachability

SMALLEST_WEIGHT = float(np.finfo(np.float32).tiny)
"""Replaces a weight of 0: the density is 1 / weight, and inf - inf would be NaN."""


def select_clusters(
    reach: Reachability, tree: Edges, min_cluster_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Condense the spanning tree of all customers and select its clusters by excess of mass.

    There must be at least ``min_cluster_size`` customers. Returns labels int32 and probabilities
    float32, both (points,), as the `hdbscan` library selects them (Campello, Moulavi & Sander
    2013). Customers at the same point have the same label and probability.
    """
    with step("condensing the hierarchy"):
        merges = merge(*_customer_edges(reach, tree))
        labels, probabilities = select(condense(merges, min_cluster_size))
    first = reach.starts[:-1]
    return labels[first], probabilities[first].astype(np.float32)


def _customer_edges(reach: Reachability, tree: Edges) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The spanning tree of the customers: ends int32, weights float64, all (customers - 1,).

    Sorted by weight. Customers at the same point are linked to its first customer, with the core
    distance as weight. These links sort first among equal weights, so that the customers join one
    by one and no split appears among them.
    """
    sizes = np.diff(reach.starts)
    first = np.repeat(reach.starts[:-1], sizes - 1)
    is_first = np.zeros(int(reach.starts[-1]), dtype=np.bool_)
    is_first[reach.starts[:-1]] = True
    low = np.concatenate([first, reach.starts[tree.low]])
    high = np.concatenate([np.flatnonzero(~is_first), reach.starts[tree.high]])
    weight = np.concatenate([np.repeat(reach.core, sizes - 1), tree.weight])
    weight = np.maximum(weight, SMALLEST_WEIGHT, dtype=np.float64)
    order = np.argsort(weight, kind="stable")
    return low[order].astype(np.int32), high[order].astype(np.int32), weight[order]


def nearest_labels(reach: Reachability, tree: Edges, labels: np.ndarray) -> np.ndarray:
    """The cluster of each point, or the nearest one; int32 (points,), -1 if there is no cluster.

    For noise it is the cluster of the nearest clustered point among the neighbours in the graph. If
    none of them is clustered, it is the cluster that the point joins first as the weight of the
    tree's edges grows.
    """
    nearest = labels.copy()
    _nearest_in_lists(reach.neighbours, reach.distances, reach.rank, labels, nearest)
    _link(tree.low, tree.high, nearest)
    return nearest


@compiled
def _nearest_in_lists(
    neighbours: np.ndarray,
    distances: np.ndarray,
    rank: np.ndarray,
    labels: np.ndarray,
    nearest: np.ndarray,
) -> None:
    last = neighbours.shape[1] - 1
    for point in range(len(labels)):
        if labels[point] != NOISE:
            continue
        closest = -1
        for j in range(last + 1):
            # At the distance of the last neighbour there may be more that the list has no room for.
            if distances[point, j] >= distances[point, last]:
                break
            other = neighbours[point, j]
            if other < 0 or labels[other] == NOISE:
                continue
            if closest >= 0 and distances[point, j] > distances[point, closest]:
                break
            if closest < 0 or rank[other] < rank[neighbours[point, closest]]:
                closest = j
        if closest >= 0:
            nearest[point] = labels[neighbours[point, closest]]


@compiled
def _link(low: np.ndarray, high: np.ndarray, nearest: np.ndarray) -> None:
    """Go through the edges by weight: a group without a label takes that of the other end."""
    parents = np.arange(len(nearest))
    following = np.arange(len(nearest))  # links the points of a group in a ring
    for i in range(len(low)):
        a, b = low[i], high[i]
        if nearest[a] != NOISE and nearest[b] == NOISE:
            _fill(b, nearest[a], following, nearest)
        elif nearest[b] != NOISE and nearest[a] == NOISE:
            _fill(a, nearest[b], following, nearest)
        root_a, root_b = _root(parents, a), _root(parents, b)
        parents[root_a] = root_b
        following[a], following[b] = following[b], following[a]


@compiled
def _fill(start: int, label: int, following: np.ndarray, nearest: np.ndarray) -> None:
    point = start
    while True:
        if nearest[point] == NOISE:
            nearest[point] = label
        point = following[point]
        if point == start:
            return


@compiled
def _root(parents: np.ndarray, point: int) -> int:
    while parents[point] != point:
        parents[point] = parents[parents[point]]
        point = parents[point]
    return point
