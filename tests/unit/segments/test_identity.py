from itertools import permutations

import numpy as np
import pytest

from kindred.segments.identity.matching import (
    CONTINUES_SHARE,
    Comparison,
    LineageEvent,
    match_clusters,
    trace_lineage,
)


def compared(shared, sizes=None, previous_sizes=None):
    """Two snapshots of the same customers, unless sizes say otherwise."""
    shared = np.asarray(shared, dtype=np.int64)
    sizes = shared.sum(axis=1) if sizes is None else np.array(sizes)
    previous_sizes = shared.sum(axis=0) if previous_sizes is None else np.array(previous_sizes)
    return Comparison(sizes, previous_sizes, shared)


def match(shared, *sizes):
    return match_clusters(compared(shared, *sizes)).tolist()


def test_clusters_keep_their_identity_whatever_their_order():
    overlap = np.array([[0, 90, 5], [80, 0, 1], [2, 3, 70]], dtype=np.int64)
    assert match(overlap) == [1, 0, 2]
    assert match(overlap[[2, 0, 1]]) == [2, 1, 0]


def test_most_customers_keep_their_cluster_even_if_one_label_must_yield():
    # Greedy matching would give column 0 to label 0 and lose the 90 of label 1.
    assert match([[100, 95], [90, 0]]) == [1, 0]


def test_a_split_continues_in_its_larger_part_and_a_merge_takes_one_identity():
    assert match([[30], [70]]) == [-1, 0]
    assert match([[30, 70]]) == [1]


def test_without_a_customer_in_common_a_cluster_is_new():
    assert match([[5, 0], [0, 0]]) == [0, -1]
    assert match([[0, 1]]) == [1]
    assert match(np.zeros((3, 2))) == [-1, -1, -1]


def test_an_identity_does_not_pass_on_to_strangers_with_a_few_who_moved():
    """Cluster 1 has died: 3 of its 100 customers are in a new cluster of 200."""
    assert match([[100, 0], [0, 3]], [100, 200], [100, 100]) == [0, -1]
    assert match([[100, 0], [0, 25]], [100, 200], [100, 100]) == [0, 1]


def test_neither_growth_nor_loss_ends_an_identity():
    assert match([[20]], [900], [20]) == [0]
    assert match([[20]], [20], [900]) == [0]


@pytest.mark.parametrize("shape", [(0, 0), (0, 4), (4, 0)])
def test_nothing_to_match(shape):
    matched = match_clusters(compared(np.zeros(shape)))
    assert matched.tolist() == [-1] * shape[0]
    assert matched.dtype == np.int64


def test_the_matching_is_the_best_of_all():
    rng = np.random.default_rng(4)
    for _ in range(50):
        overlap = rng.integers(0, 20, size=(5, 5)) * (rng.random((5, 5)) < 0.5)
        comparison = compared(overlap)
        allowed = overlap * (comparison.overlap >= CONTINUES_SHARE)
        matched = match_clusters(comparison)
        labels = np.flatnonzero(matched >= 0)
        best = max(sum(allowed[range(5), order]) for order in permutations(range(5)))
        assert allowed[labels, matched[labels]].sum() == best
        assert (allowed[labels, matched[labels]] >= 1).all()
        assert len(set(matched[labels])) == len(labels)


def test_ties_fall_the_same_way_every_time():
    overlap = np.full((4, 3), 7, dtype=np.int64)
    first = match(overlap)
    assert sorted(first) == [-1, 0, 1, 2]
    assert all(match(overlap.copy()) == first for _ in range(5))


def trace(shared, ids, previous_ids, *sizes):
    """Events as tuples: event, from, to, from_size, to_size, shared."""
    events = trace_lineage(compared(shared, *sizes), np.array(ids), np.array(previous_ids))
    assert all(isinstance(event, LineageEvent) for event in events)
    return [tuple(vars(event).values()) for event in events]


def test_what_stays_is_kept_and_says_how_much_of_it():
    assert trace([[90, 0], [5, 60]], [7, 3], [7, 3], [100, 70], [95, 60]) == [
        ("kept", 7, 7, 95, 100, 90),
        ("kept", 3, 3, 60, 70, 60),
    ]


def test_every_piece_of_a_split_names_its_parent():
    assert trace([[50], [30], [20]], [7, 8, 9], [7]) == [
        ("kept", 7, 7, 100, 50, 50),
        ("split", 7, 8, 100, 30, 30),
        ("split", 7, 9, 100, 20, 20),
    ]


def test_several_clusters_merge_into_one():
    assert trace([[50, 30, 20]], [1], [1, 2, 3]) == [
        ("kept", 1, 1, 50, 100, 50),
        ("merged", 2, 1, 30, 100, 30),
        ("merged", 3, 1, 20, 100, 20),
    ]


def test_a_cluster_of_newcomers_is_born_and_one_whose_customers_scatter_has_died():
    shared = [[100, 10], [0, 15]]
    assert trace(shared, [0, 5], [0, 1], [110, 60], [100, 80]) == [
        ("kept", 0, 0, 100, 110, 100),
        ("born", None, 5, None, 60, 0),
        ("died", 1, None, 80, None, 0),
    ]


def test_a_piece_of_two_parents_names_both_and_an_end_in_two_heirs_too():
    assert trace([[60, 0], [0, 60], [40, 40]], [0, 1, 2], [0, 1])[2:] == [
        ("split", 0, 2, 100, 80, 40),
        ("split", 1, 2, 100, 80, 40),
    ]
    assert trace([[60, 0, 40], [0, 60, 40]], [0, 1], [0, 1, 2])[2:] == [
        ("merged", 2, 0, 80, 100, 40),
        ("merged", 2, 1, 80, 100, 40),
    ]


def test_a_cluster_that_was_renamed_is_told_once():
    """Ids of a date that is run again continue its own, not those of the night before."""
    assert trace([[50]], [9], [4]) == [("split", 4, 9, 50, 50, 50)]


def test_from_nothing_all_are_born_and_to_nothing_all_have_died():
    assert trace(np.zeros((2, 0)), [0, 1], [], [5, 4], []) == [
        ("born", None, 0, None, 5, 0),
        ("born", None, 1, None, 4, 0),
    ]
    assert trace(np.zeros((0, 1)), [], [3], [], [6]) == [("died", 3, None, 6, None, 0)]


def test_every_cluster_is_in_an_event_and_no_pair_in_two():
    rng = np.random.default_rng(9)
    for _ in range(100):
        labels, previous = rng.integers(0, 6, size=2)
        shared = rng.integers(0, 30, size=(labels, previous)) * (
            rng.random((labels, previous)) < 0.4
        )
        sizes = shared.sum(axis=1) + rng.integers(1, 20, size=labels)
        previous_sizes = shared.sum(axis=0) + rng.integers(1, 20, size=previous)
        comparison = compared(shared, sizes, previous_sizes)
        matched = match_clusters(comparison)
        ids = np.where(matched >= 0, matched, 100 + np.arange(labels))
        events = trace_lineage(comparison, ids, np.arange(previous))
        pairs = [(event.from_cluster_id, event.to_cluster_id) for event in events]
        assert len(set(pairs)) == len(pairs)
        assert {before for before, _ in pairs} - {None} == set(range(previous))
        assert {after for _, after in pairs} - {None} == set(ids.tolist())
        kept = sum(event.event == "kept" for event in events)
        assert kept == (matched >= 0).sum()
