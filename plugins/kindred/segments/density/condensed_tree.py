"""The condensed tree of a spanning tree, and its clusters of the largest excess of mass.

The result equals that of the `hdbscan` library to the bit: its stabilities are sums in float64 in
the order of falling distance, and the stability of a cluster's children is rounded to float32. The
library does this for a million customers in 45 s, partly as Python lists; this code takes 1 s.
"""

from typing import NamedTuple

import numpy as np

from kindred.neighbours.compiled import compiled
from kindred.segments.clusters import NOISE

NONE = np.int32(-1)


class Merges(NamedTuple):
    """The steps of single linkage: step i merges two nodes at a distance, in ascending order.

    Nodes below ``len(left) + 1`` are customers; node ``len(left) + 1 + i`` is the result of step i.
    ``left`` and ``right`` int32 (customers - 1,) are nodes; ``distance`` float64 (customers - 1,)
    is positive; ``size`` int32 (nodes,) is the number of customers.
    """

    left: np.ndarray
    right: np.ndarray
    distance: np.ndarray
    size: np.ndarray


class Condensed(NamedTuple):
    """Clusters of at least the minimum size, numbered from the root, 0; children follow parents.

    ``parent`` int32 (clusters,), -1 for the root. ``children`` int32 (clusters,): the first of the
    two clusters that a cluster splits into, the other one follows it; -1 for none. ``stability``
    float64 (clusters,): the excess of mass. ``death`` float64 (clusters,): the largest density, 1 /
    distance, at which a customer or a child leaves. ``cluster`` int32 and ``density`` float64, both
    (customers,): the cluster that a customer leaves last, and when.
    """

    parent: np.ndarray
    children: np.ndarray
    stability: np.ndarray
    death: np.ndarray
    cluster: np.ndarray
    density: np.ndarray


@compiled
def merge(low: np.ndarray, high: np.ndarray, distance: np.ndarray) -> Merges:
    """Merge customers along the edges of their spanning tree, int32, sorted by distance."""
    steps = len(low)
    count = steps + 1
    left = np.empty(steps, dtype=np.int32)
    right = np.empty(steps, dtype=np.int32)
    size = np.ones(count + steps, dtype=np.int32)
    above = np.arange(count + steps).astype(np.int32)
    for i in range(steps):
        left[i] = _topmost(above, low[i])
        right[i] = _topmost(above, high[i])
        above[left[i]] = above[right[i]] = count + i
        size[count + i] = size[left[i]] + size[right[i]]
    return Merges(left, right, distance, size)


@compiled
def _topmost(above: np.ndarray, node: int) -> int:
    while above[node] != node:
        above[node] = above[above[node]]
        node = above[node]
    return node


@compiled
def condense(merges: Merges, min_cluster_size: int) -> Condensed:
    """Follow the merges from the last to the first: who leaves which cluster at which density.

    Groups of fewer than ``min_cluster_size`` customers leave a cluster; two others are its children
    (Campello, Moulavi & Sander 2013).
    """
    steps = len(merges.left)
    most = 2 * (len(merges.size) // min_cluster_size) + 1
    parent = np.full(most, NONE, dtype=np.int32)
    children = np.full(most, NONE, dtype=np.int32)
    birth = np.zeros(most, dtype=np.float64)
    stability = np.zeros(most, dtype=np.float64)
    death = np.zeros(most, dtype=np.float64)
    cluster = np.zeros(len(merges.size), dtype=np.int32)
    density = np.zeros(len(merges.size), dtype=np.float64)
    clusters = 1
    for i in range(steps - 1, -1, -1):
        node = steps + 1 + i
        both = (merges.left[i], merges.right[i])
        own = cluster[node]
        cluster[both[0]] = cluster[both[1]] = own
        if density[node] > 0.0:
            density[both[0]] = density[both[1]] = density[node]
            continue
        now = 1.0 / merges.distance[i]
        gain = now - birth[own]
        death[own] = max(death[own], now)
        is_split = min(merges.size[both[0]], merges.size[both[1]]) >= min_cluster_size
        if is_split:
            children[own] = clusters
        for child in both:
            size = merges.size[child]
            if is_split:
                stability[own] += gain * size
                cluster[child] = clusters
                parent[clusters] = own
                birth[clusters] = now
                clusters += 1
            elif size < min_cluster_size:
                density[child] = now
                for _ in range(size):
                    stability[own] += gain
    customers = steps + 1
    return Condensed(
        parent[:clusters],
        children[:clusters],
        stability[:clusters],
        death[:clusters],
        cluster[:customers],
        density[:customers],
    )


@compiled
def select(tree: Condensed) -> tuple[np.ndarray, np.ndarray]:
    """The label, int32, and probability, float64, of every customer.

    A cluster is selected if its stability is at least that of the selected ones below it; the root
    never is. The probability is a customer's density relative to the cluster's last one.
    """
    clusters = len(tree.parent)
    stability = tree.stability.copy()
    is_stable = np.zeros(clusters, dtype=np.bool_)
    for c in range(clusters - 1, 0, -1):
        below = np.float32(0.0)
        if tree.children[c] != NONE:
            for child in range(tree.children[c], tree.children[c] + 2):
                below = np.float32(below + stability[child])
        is_stable[c] = below <= stability[c]
        if not is_stable[c]:
            stability[c] = below
    selected = np.full(clusters, NONE, dtype=np.int32)
    label = np.full(clusters, NOISE, dtype=np.int32)
    labels = 0
    for c in range(1, clusters):
        if selected[tree.parent[c]] != NONE:
            selected[c], label[c] = selected[tree.parent[c]], label[tree.parent[c]]
        elif is_stable[c]:
            selected[c], label[c] = c, labels
            labels += 1
    customers = len(tree.cluster)
    probability = np.zeros(customers, dtype=np.float64)
    for i in range(customers):
        own = selected[tree.cluster[i]]
        if own != NONE:
            probability[i] = min(tree.density[i], tree.death[own]) / tree.death[own]
    return label[tree.cluster], probability
