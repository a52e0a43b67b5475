"""Ids as if the nights had run in order, whatever the order in which they have run."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import numpy as np
import pytest

from kindred.segments.identity.matching import NEW, Comparison, match_clusters
from kindred.segments.identity.replay import Night, replay_ids

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def moment(number):
    return FIRST + timedelta(days=number)


def partitions(seed, nights=5, customers=300):
    """Labels by night of customers who wander, of groups that come and go; 0 is the largest."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 5, size=customers)
    found = []
    for night in range(nights):
        wandering = rng.random(customers) < 0.05
        group = np.where(wandering, rng.integers(0, 5, size=customers), group)
        split, fresh = rng.integers(0, 5 + night), 5 + night
        group[(group == split) & (rng.random(customers) < 0.6)] = fresh
        group[group == rng.integers(0, 5 + night)] = rng.integers(0, 5 + night)
        names, sizes = np.unique(group, return_counts=True)
        order = np.argsort(-sizes, kind="stable")
        labels = np.empty(len(names), dtype=int)
        labels[order] = np.arange(len(names))
        found.append(labels[np.searchsorted(names, group)])
    return found


def compared(labels, previous, columns=None):
    """``columns``: which previous label stands in which column."""
    sizes = np.bincount(labels)
    if previous is None:
        return Comparison(sizes, np.empty(0, dtype=int), np.empty((len(sizes), 0), dtype=int))
    previous_sizes = np.bincount(previous)
    columns = np.arange(len(previous_sizes)) if columns is None else columns
    shared = np.zeros((len(sizes), len(previous_sizes)), dtype=int)
    np.add.at(shared, (labels, previous), 1)
    return Comparison(sizes, previous_sizes[columns], shared[:, columns])


def run(found, order, at_once=1):
    """Nights in some order, each matched as a night is: ids by night, and the ledger.

    So many of them run ``at_once``: none sees what the others of its batch are about to publish.
    """
    ids, ledger = {}, {}
    for place, number in enumerate(order):
        if place % at_once == 0:
            published = list(ids)
        earlier = [other for other in published if other < number]
        later = [other for other in published if other > number]
        reference = max(earlier) if earlier else min(later) if later else None
        columns = np.empty(0, dtype=int) if reference is None else np.argsort(ids[reference])
        previous = None if reference is None else found[reference]
        matched = match_clusters(compared(found[number], previous, columns))
        mine = np.empty(len(matched), dtype=int)
        birth_order = 0
        for label, column in enumerate(matched):
            if column == NEW:
                mine[label] = max(ledger, default=-1) + 1
                ledger[int(mine[label])] = (moment(number), birth_order)
                birth_order += 1
            else:
                mine[label] = ids[reference][columns[column]]
        ids[number] = mine
    return ids, ledger


def replayed(found, ids, ledger, pruned=()):
    """The replay of some nights, and the ledger after it."""
    numbers = sorted(ids)
    before = [None, *numbers]
    nights = [
        Night(
            moment(number),
            ids[number],
            compared(found[number], None if last is None else found[last]),
            follows_gap=any((-1 if last is None else last) < gone < number for gone in pruned),
        )
        for number, last in zip(numbers, before, strict=False)
    ]
    replay = replay_ids(nights, ledger)
    rest = {number: birth for number, birth in ledger.items() if birth[0] not in replay.renumbered}
    assert not set(rest) & set(replay.births), "an id is given to two"
    linked = dict(zip(numbers, replay.cluster_ids, strict=True))
    assert all(len(set(ids.tolist())) == len(ids) for ids in linked.values())
    return linked, rest | replay.births


def assert_equal(one, other):
    assert sorted(one) == sorted(other)
    for number in one:
        np.testing.assert_array_equal(one[number], other[number], err_msg=f"night {number}")


@pytest.mark.parametrize("seed", range(8))
def test_any_order_and_a_replay_is_forward(seed):
    found = partitions(seed)
    forward, ledger = run(found, range(5))
    assert len(ledger) > len(forward[0]), "nothing was born"
    changed = 0
    for order in permutations(range(5)):
        ids, other_ledger = run(found, order)
        linked, linked_ledger = replayed(found, ids, other_ledger)
        assert_equal(linked, forward)
        assert linked_ledger == ledger
        changed += any((linked[number] != ids[number]).any() for number in ids)
        again, same_ledger = replayed(found, linked, linked_ledger)
        assert_equal(again, linked)
        assert same_ledger == linked_ledger
    assert changed > 60


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("at_once", [2, 3, 5])
def test_nights_that_ran_at_once_and_a_replay_are_forward(seed, at_once):
    """Each of the first ones gives its clusters ids of its own, and most of these go again."""
    found = partitions(seed)
    forward, ledger = run(found, range(5))
    for order in permutations(range(5)):
        ids, other_ledger = run(found, order, at_once)
        linked, linked_ledger = replayed(found, ids, other_ledger)
        assert_equal(linked, forward)
        assert linked_ledger == ledger


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("gone", [[0], [0, 1], [2], [1, 3], [1, 2, 3]])
def test_a_history_that_ran_forward_stays_when_nights_are_pruned(seed, gone):
    """Also where a cluster has changed so much meanwhile that nothing shows whose it was."""
    found = partitions(seed)
    forward, ledger = run(found, range(5))
    left = [number for number in range(5) if number not in gone]
    linked, after = replayed(found, {n: forward[n] for n in left}, ledger, gone)
    assert_equal(linked, {number: forward[number] for number in left})
    assert after == ledger


@pytest.mark.parametrize("seed", range(8))
def test_after_a_gap_the_order_of_the_nights_counts_again(seed):
    """Nights 0 and 1 are pruned, 4 has run before 3."""
    found = partitions(seed)
    forward, _ = run(found, range(5))
    ids, ledger = run(found, [0, 1, 2, 4, 3])
    linked, after = replayed(found, {n: ids[n] for n in (2, 3, 4)}, ledger, [0, 1])
    assert_equal(linked, {number: forward[number] for number in (2, 3, 4)})
    again, same = replayed(found, linked, after, [0, 1])
    assert_equal(again, linked)
    assert same == after


def test_ids_of_a_night_that_is_gone_are_not_given_to_others():
    """Cluster 1 was born in a night that was withdrawn; what is born later is 2, and stays so."""
    a, b = np.zeros(10, dtype=int), np.repeat([0, 1], 5)
    found = [a[:5], b, np.concatenate([a[:5], a[:5] + 1])]
    ledger = {0: (moment(0), 0), 1: (moment(1), 0), 2: (moment(2), 0)}
    nights = [
        Night(moment(0), np.array([0]), compared(found[0], None)),
        Night(
            moment(2),
            np.array([0, 2]),
            Comparison(np.array([5, 5]), np.array([5]), np.array([[5], [0]])),
        ),
    ]
    replay = replay_ids(nights, ledger)
    assert [ids.tolist() for ids in replay.cluster_ids] == [[0], [0, 2]]
    assert replay.renumbered == []


def test_an_id_that_a_first_try_left_unused_ends_no_peace():
    """Night 0 gave out 0 to 3 and published 0 and 3; night 1 has given out 4."""
    ledger = {number: (moment(0), number) for number in range(4)} | {4: (moment(1), 0)}
    nights = [
        Night(
            moment(0), np.array([0, 3]), Comparison(np.array([9, 8]), np.empty(0), np.empty((2, 0)))
        ),
        Night(
            moment(1),
            np.array([4, 0]),
            Comparison(np.array([20, 9]), np.array([9, 8]), np.array([[0, 0], [9, 0]])),
        ),
    ]
    replay = replay_ids(nights, ledger)
    assert [ids.tolist() for ids in replay.cluster_ids] == [[0, 3], [4, 0]]
    assert (replay.renumbered, replay.births) == ([], {})


def test_only_what_comes_after_the_first_wrong_night_is_numbered_anew():
    """Nights ran 0, 2, 1: what night 1 gave out must be smaller than what night 2 has."""
    sizes = np.array([9, 8])
    nothing = Comparison(np.array([9]), np.empty(0, dtype=int), np.empty((1, 0), dtype=int))
    nights = [
        Night(moment(0), np.array([6]), nothing),
        Night(moment(1), np.array([6, 8]), Comparison(sizes, np.array([9]), np.array([[9], [0]]))),
        Night(moment(2), np.array([6, 7]), Comparison(sizes, sizes, np.array([[9, 0], [0, 0]]))),
    ]
    ledger = {6: (moment(0), 0), 7: (moment(2), 0), 8: (moment(1), 0)}
    replay = replay_ids(nights, ledger)
    assert [ids.tolist() for ids in replay.cluster_ids] == [[6], [6, 7], [6, 8]]
    assert replay.renumbered == [moment(1), moment(2)]
    assert replay.births == {7: (moment(1), 0), 8: (moment(2), 0)}


def test_no_night_and_nights_without_a_cluster():
    assert replay_ids([], {}).cluster_ids == []
    none = np.empty(0, dtype=np.int64)
    empty = Night(moment(0), none, Comparison(none, none, np.empty((0, 0), dtype=np.int64)))
    one = Night(
        moment(1), np.array([0]), Comparison(np.array([4]), none, np.empty((1, 0), dtype=int))
    )
    replay = replay_ids([empty, one], {0: (moment(1), 0)})
    assert [ids.tolist() for ids in replay.cluster_ids] == [[], [0]]
