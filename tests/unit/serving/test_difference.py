"""What changes between the embeddings that serve and those of a new snapshot."""

import numpy as np
import pytest

from kindred.encoding.embeddings import Embeddings
from kindred.serving.difference import Difference, compare_block, serving_embeddings
from kindred.warehouse.keys import KeyType, concatenate_keys

CASES = ["bigint", "text"]


def keys(kind, numbers):
    if kind == "bigint":
        return np.array(numbers, dtype=np.int64)
    return np.array([f"c{number:02d}".encode() for number in numbers], dtype="S3")


def rows(kind, numbers, *, scale=1.0, moment=0):
    numbers = np.asarray(numbers)
    vectors = np.stack([numbers * scale, -numbers], axis=1).astype(np.float32)
    return keys(kind, numbers), vectors.reshape(-1, 2), numbers * 10 + moment


def compared(serving, new, block_rows=100):
    difference = Difference(np.ones(len(new[0]), dtype=np.bool_))
    for start in range(0, len(serving[0]), block_rows):
        block = tuple(values[start : start + block_rows] for values in serving)
        compare_block(difference, block, new)
    return difference


def gone_keys(kind, difference):
    return np.sort(concatenate_keys(KeyType(kind), difference.gone))


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("block_rows", [1, 2, 100])
def test_new_changed_and_gone_customers(kind, block_rows):
    serving = rows(kind, [1, 2, 3, 5, 8])
    new = rows(kind, [0, 2, 3, 4, 8, 9])
    new[1][2] += 1  # customer 3
    difference = compared(serving, new, block_rows)
    changed = new[0][difference.is_new]
    assert changed.tolist() == keys(kind, [0, 3, 4, 9]).tolist()
    gone = gone_keys(kind, difference)
    assert gone.tolist() == keys(kind, [1, 5]).tolist()
    assert difference.changed_rows == 6


@pytest.mark.parametrize("kind", CASES)
def test_equal_snapshots_differ_in_nothing(kind):
    same = rows(kind, range(50))
    difference = compared(same, rows(kind, range(50)), block_rows=7)
    assert difference.changed_rows == 0
    assert len(gone_keys(kind, difference)) == 0
    assert not difference.replaced, "equal rows are not kept"
    new = Embeddings(KeyType(kind), *same, 1)
    assert serving_embeddings(difference, new) is new


@pytest.mark.parametrize("kind", CASES)
def test_new_customers_alone_leave_what_serves_as_it_is(kind):
    serving, new = rows(kind, range(5)), rows(kind, range(7))
    found = serving_embeddings(compared(serving, new, 3), Embeddings(KeyType(kind), *new, 1))
    assert found.customers.tolist() == serving[0].tolist()
    assert found.vectors.tobytes() == serving[1].tobytes()


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("new_numbers", [[0, 2, 3, 4, 8, 90], [], [2, 3]])
@pytest.mark.parametrize("block_rows", [2, 100])
def test_what_serves_is_found_from_the_new_rows_and_the_difference(kind, new_numbers, block_rows):
    serving, new = rows(kind, [3, 1, 8, 5, 2, 7]), rows(kind, new_numbers)
    new[1][1:2] += 1  # customer 2 or 3
    new[2][2:3] += 1
    serving[1][0, 0] = np.nan
    difference = compared(serving, new, block_rows)
    found = serving_embeddings(difference, Embeddings(KeyType(kind), *new, 1))
    order = np.argsort(serving[0])
    for values, expected in zip(
        (found.customers, found.vectors, found.updated_at), serving, strict=True
    ):
        np.testing.assert_array_equal(values, expected[order])
    kept = np.concatenate([keys for keys, _, _ in difference.replaced])
    equal = new[0][~difference.is_new]
    assert sorted([*kept, *equal]) == sorted(serving[0]), "a row is kept only if it differs"


@pytest.mark.parametrize("kind", CASES)
def test_a_later_time_alone_is_a_change(kind):
    new = rows(kind, [1, 2])
    new[2][1] += 1
    assert compared(rows(kind, [1, 2]), new).is_new.tolist() == [False, True]


def test_vectors_are_compared_bit_for_bit():
    serving, new = rows("bigint", [1, 2, 3]), rows("bigint", [1, 2, 3])
    serving[1][0, 0], new[1][0, 0] = 0.0, -0.0
    new[1][1, 1] = np.nextafter(new[1][1, 1], np.float32(9))
    serving[1][2, 0] = new[1][2, 0] = np.nan
    assert compared(serving, new).is_new.tolist() == [True, True, False]


@pytest.mark.parametrize("kind", CASES)
def test_without_a_serving_row_everything_is_new(kind):
    difference = compared(rows(kind, []), rows(kind, [1, 2]))
    assert difference.is_new.tolist() == [True, True]
    assert len(gone_keys(kind, difference)) == 0


@pytest.mark.parametrize("kind", CASES)
def test_an_empty_snapshot_takes_everybody_out(kind):
    difference = compared(rows(kind, [1, 2]), rows(kind, []), block_rows=1)
    assert gone_keys(kind, difference).tolist() == keys(kind, [1, 2]).tolist()
    assert difference.changed_rows == 2


@pytest.mark.parametrize("kind", CASES)
def test_customers_beyond_both_ends_are_gone(kind):
    difference = compared(rows(kind, [0, 5, 9]), rows(kind, [4, 5, 6]))
    assert gone_keys(kind, difference).tolist() == keys(kind, [0, 9]).tolist()
    assert difference.is_new.tolist() == [True, False, True]


def test_difference_agrees_with_the_plain_definition():
    random = np.random.default_rng(20_180_401)
    for _ in range(50):
        old_ids = np.flatnonzero(random.random(40) < 0.6)
        new_ids = np.flatnonzero(random.random(40) < 0.6)
        old, new = rows("bigint", old_ids), rows("bigint", new_ids)
        touched = random.random(len(new_ids)) < 0.2
        new[1][touched] += 1
        difference = compared(old, new, int(random.integers(1, 10)))
        expected = ~np.isin(new_ids, old_ids) | touched
        assert difference.is_new.tolist() == expected.tolist()
        gone = np.setdiff1d(old_ids, new_ids)
        assert gone_keys("bigint", difference).tolist() == gone.tolist()


@pytest.mark.parametrize("kind", CASES)
def test_serving_rows_may_come_in_any_order(kind):
    serving, new = rows(kind, range(0, 30)), rows(kind, range(5, 40))
    new[2][3] += 1
    order = np.random.default_rng(20_180_401).permutation(30)
    shuffled = tuple(values[order] for values in serving)
    difference, expected = compared(shuffled, new, 4), compared(serving, new)
    assert difference.is_new.tolist() == expected.is_new.tolist()
    gone = gone_keys(kind, difference)
    assert gone.tolist() == gone_keys(kind, expected).tolist() == keys(kind, range(5)).tolist()
