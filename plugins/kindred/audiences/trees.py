"""Boosted trees: the inner loops.

A tree is complete: node i has the children 2 i + 1 and 2 i + 2. A node that is not split sends all
of its rows to the left.
"""

import numpy as np

from kindred.neighbours.compiled import compiled


@compiled
def grow(
    bins: np.ndarray,
    is_positive: np.ndarray,
    weights: np.ndarray,
    rows: np.ndarray,
    chosen: np.ndarray,
    counts: np.ndarray,
    start: float,
    rate: float,
    penalty: float,
    least: int,
    features: np.ndarray,
    cuts: np.ndarray,
    values: np.ndarray,
) -> None:
    """Fit trees, one after the other, to the logistic loss.

    ``bins`` uint8 (n, d); ``is_positive`` bool and ``weights`` float64 (n,). ``rows`` int32 (m,):
    those to train on, whose order decides the order of sums. ``chosen`` int32 (trees, k): columns a
    tree may use. ``counts`` int32 (d,): bins per column. ``start``: log odds before the first tree.
    A leaf has at least ``least`` rows. Fills ``features`` int32 (trees, inner), -1 for no split,
    ``cuts`` uint8 (trees, inner): the last bin that goes left, and ``values`` float64 (trees,
    nodes): of every node, the leaf's value if the tree ended there.
    """
    n, trees, inner = len(rows), features.shape[0], features.shape[1]
    margins = np.full(n, start)
    gradients, hessians = np.empty(n), np.empty(n)
    nodes = np.empty(n, dtype=np.int32)
    columns = chosen.shape[1]
    most = counts.max()
    for tree in range(trees):
        for i in range(n):
            row = rows[i]
            p = 1.0 / (1.0 + np.exp(-margins[i]))
            gradients[i] = weights[row] * (p - is_positive[row])
            hessians[i] = weights[row] * p * (1.0 - p)
            nodes[i] = 0
        first, width = 0, 1
        while first < inner:
            sums = np.zeros((width, columns, most, 3))
            for i in range(n):
                node, row = nodes[i] - first, rows[i]
                g, h = gradients[i], hessians[i]
                for j in range(columns):
                    cell = sums[node, j, bins[row, chosen[tree, j]]]
                    cell[0] += g
                    cell[1] += h
                    cell[2] += 1.0
            for node in range(width):
                _split(
                    sums[node],
                    chosen[tree],
                    counts,
                    penalty,
                    least,
                    features[tree],
                    cuts[tree],
                    first + node,
                )
            for i in range(n):
                node = nodes[i]
                feature = features[tree, node]
                right = feature >= 0 and bins[rows[i], feature] > cuts[tree, node]
                nodes[i] = 2 * node + (2 if right else 1)
            first, width = 2 * first + 1, 2 * width
        _leaves(nodes, gradients, hessians, inner, rate, penalty, values[tree])
        for i in range(n):
            margins[i] += values[tree, nodes[i]]


@compiled
def _split(
    sums: np.ndarray,
    chosen: np.ndarray,
    counts: np.ndarray,
    penalty: float,
    least: int,
    features: np.ndarray,
    cuts: np.ndarray,
    node: int,
) -> None:
    """The split of a node that lowers the loss most; the first of equal ones."""
    features[node] = -1
    gradient, hessian, rows = 0.0, 0.0, 0.0
    for b in range(counts[chosen[0]]):
        gradient += sums[0, b, 0]
        hessian += sums[0, b, 1]
        rows += sums[0, b, 2]
    best = gradient * gradient / (hessian + penalty) * (1.0 + 1e-9) + 1e-12
    for j in range(len(chosen)):
        g, h, c = 0.0, 0.0, 0.0
        for b in range(counts[chosen[j]] - 1):
            g += sums[j, b, 0]
            h += sums[j, b, 1]
            c += sums[j, b, 2]
            if c < least or rows - c < least:
                continue
            gain = g * g / (h + penalty) + (gradient - g) ** 2 / (hessian - h + penalty)
            if gain > best:
                best = gain
                features[node] = chosen[j]
                cuts[node] = b


@compiled
def _leaves(
    nodes: np.ndarray,
    gradients: np.ndarray,
    hessians: np.ndarray,
    inner: int,
    rate: float,
    penalty: float,
    values: np.ndarray,
) -> None:
    """The value of every node, from the sums of its leaves."""
    g, h = np.zeros(len(values)), np.zeros(len(values))
    for i in range(len(nodes)):
        g[nodes[i]] += gradients[i]
        h[nodes[i]] += hessians[i]
    for node in range(inner - 1, -1, -1):
        g[node] = g[2 * node + 1] + g[2 * node + 2]
        h[node] = h[2 * node + 1] + h[2 * node + 2]
    for node in range(len(values)):
        values[node] = -rate * g[node] / (h[node] + penalty)


@compiled
def add_trees(
    vectors: np.ndarray,
    features: np.ndarray,
    thresholds: np.ndarray,
    values: np.ndarray,
    margins: np.ndarray,
) -> None:
    """Add the leaves' values to ``margins`` float64 (m,) of ``vectors`` float32 (m, d).

    ``thresholds`` float32 (trees, inner): a larger value goes right.
    """
    for i in range(len(vectors)):
        total = 0.0
        for tree in range(features.shape[0]):
            node = 0
            while node < features.shape[1]:
                feature = features[tree, node]
                right = feature >= 0 and vectors[i, feature] > thresholds[tree, node]
                node = 2 * node + (2 if right else 1)
            total += values[tree, node]
        margins[i] += total


@compiled
def add_paths(
    vectors: np.ndarray,
    features: np.ndarray,
    thresholds: np.ndarray,
    values: np.ndarray,
    columns: np.ndarray,
    parts: np.ndarray,
) -> None:
    """Add to ``parts`` float64 (m, columns) what each split on a row's path changes of the value.

    ``columns`` int32 (d,): the column of the customers that a dimension belongs to, -1 for none.
    The parts of a row add up to its margin less that of the mean (Saabas 2014).
    """
    for i in range(len(vectors)):
        for tree in range(features.shape[0]):
            node = 0
            while node < features.shape[1]:
                feature = features[tree, node]
                right = feature >= 0 and vectors[i, feature] > thresholds[tree, node]
                child = 2 * node + (2 if right else 1)
                if feature >= 0 and columns[feature] >= 0:
                    parts[i, columns[feature]] += values[tree, child] - values[tree, node]
                node = child
