from itertools import permutations

import numpy as np
import pytest

from kindred.cluster.identity import match_clusters


def test_clusters_keep_their_identity_whatever_their_order():
    overlap = np.array([[0, 90, 5], [80, 0, 1], [2, 3, 70]], dtype=np.int64)
    assert match_clusters(overlap).tolist() == [1, 0, 2]
    assert match_clusters(overlap[[2, 0, 1]]).tolist() == [2, 1, 0]


def test_most_customers_keep_their_cluster_even_if_one_label_must_yield():
    # Greedy matching would give column 0 to label 0 and lose the 90 of label 1.
    assert match_clusters(np.array([[100, 95], [90, 0]])).tolist() == [1, 0]


def test_a_split_continues_in_its_larger_part_and_a_merge_takes_one_identity():
    assert match_clusters(np.array([[30], [70]])).tolist() == [-1, 0]
    assert match_clusters(np.array([[30, 70]])).tolist() == [1]


def test_without_a_customer_in_common_a_cluster_is_new():
    assert match_clusters(np.array([[5, 0], [0, 0]])).tolist() == [0, -1]
    assert match_clusters(np.array([[0, 1]])).tolist() == [1]
    assert match_clusters(np.zeros((3, 2), dtype=np.int64)).tolist() == [-1, -1, -1]


@pytest.mark.parametrize("shape", [(0, 0), (0, 4), (4, 0)])
def test_nothing_to_match(shape):
    matched = match_clusters(np.zeros(shape, dtype=np.int64))
    assert matched.tolist() == [-1] * shape[0]
    assert matched.dtype == np.int64


def test_the_matching_is_the_best_of_all():
    rng = np.random.default_rng(4)
    for _ in range(50):
        overlap = rng.integers(0, 20, size=(5, 5)) * (rng.random((5, 5)) < 0.5)
        matched = match_clusters(overlap)
        labels = np.flatnonzero(matched >= 0)
        best = max(sum(overlap[range(5), order]) for order in permutations(range(5)))
        assert overlap[labels, matched[labels]].sum() == best
        assert (overlap[labels, matched[labels]] >= 1).all()
        assert len(set(matched[labels])) == len(labels)


def test_ties_fall_the_same_way_every_time():
    overlap = np.full((4, 3), 7, dtype=np.int64)
    first = match_clusters(overlap)
    assert sorted(first.tolist()) == [-1, 0, 1, 2]
    assert all(match_clusters(overlap.copy()).tolist() == first.tolist() for _ in range(5))
