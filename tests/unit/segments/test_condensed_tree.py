"""Condensing and selecting, against the code of the `hdbscan` library."""

import numpy as np
import pytest
from hdbscan._hdbscan_linkage import label as single_linkage
from hdbscan._hdbscan_tree import compute_stability, condense_tree, get_clusters
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist

from kindred.segments.clusters import NOISE
from kindred.segments.density.condensed_tree import condense, merge, select
from unit.cluster_cases import groups


def of_groups(rows, grid):
    """The spanning tree of customers in groups within groups; with a grid, many weights tie."""
    inner, _ = groups(rows, 3, noise=rows // 10, seed=3)
    outer = np.repeat(np.eye(4, 3) * 60.0, -(-len(inner) // 4), axis=0)[: len(inner)]
    distances = cdist(inner + outer, inner + outer)
    if grid:
        distances = np.ceil(distances / grid) * grid
    tree = minimum_spanning_tree(np.maximum(distances, 1e-9)).tocoo()
    return tree.row, tree.col, tree.data


def at_random(rows, seed):
    """A tree of random shape, whose weights are few different numbers, or very small or large."""
    rng = np.random.default_rng(seed)
    other = (rng.random(rows - 1) * np.arange(1, rows)).astype(int)
    weights = rng.choice([np.finfo(np.float32).tiny, 1e-20, 0.1, 0.3, 0.7, 1.1, 3e38], rows - 1)
    return other, np.arange(1, rows), weights


def by_weight(tree):
    """Ends int32 and weights float64, sorted."""
    low, high, weight = tree
    order = np.argsort(weight, kind="stable")
    return low[order].astype(np.int32), high[order].astype(np.int32), weight[order].astype(float)


TREES = [
    *(of_groups(600, grid) for grid in (0.0, 0.25, 2.0)),
    *(at_random(rows, rows) for rows in (2, 3, 5, 40, 2_000)),
]
CASES = [
    pytest.param(tree, size, id=f"{len(tree[2])} edges, {size}")
    for tree in TREES
    for size in (2, 3, 5, 30)
    if len(tree[2]) + 1 >= size
]


@pytest.mark.parametrize(("tree", "min_cluster_size"), CASES)
def test_labels_and_probabilities_are_those_of_the_library(tree, min_cluster_size):
    low, high, weight = by_weight(tree)
    labels, probabilities = select(condense(merge(low, high, weight), min_cluster_size))
    linked = single_linkage(np.column_stack([low, high, weight]))
    condensed = condense_tree(linked, min_cluster_size)
    expected, memberships, _ = get_clusters(condensed, compute_stability(condensed))
    pairs = np.unique(np.column_stack([expected, labels]), axis=0)
    assert len(pairs) == len(np.unique(expected)) == len(np.unique(labels))
    np.testing.assert_array_equal(labels == NOISE, expected == NOISE)
    np.testing.assert_array_equal(probabilities, memberships)


def test_groups_within_groups_are_several_clusters():
    labels, _ = select(condense(merge(*by_weight(of_groups(600, 0.0))), 30))
    assert labels.max() > 3
    assert (labels == NOISE).any()
