"""What customers own after what they gave back."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindred.events.lines import MICROSECONDS_PER_DAY as DAY
from kindred.events.lines import NO_ITEM, Lines
from kindred.events.ownership import purchases_of

NAN = np.nan


def owned_after(*bought, items=4):
    """What customer 0 owns after lines of (item, amount, quantity)."""
    numbers, amounts, quantities = (
        np.array(column, dtype=float) for column in zip(*bought, strict=True)
    )
    count = len(numbers)
    lines = Lines.of(
        np.zeros(count, dtype=np.int64),
        np.arange(count),
        numbers.astype(np.int64),
        amounts,
        quantities,
    )
    return purchases_of(lines, 2, items)


def test_purchases_are_counted_per_customer_and_item():
    lines = Lines.of(np.array([2, 0, 2, 2, 0]), np.arange(5), np.array([3, 1, 0, 3, NO_ITEM]))
    found = purchases_of(lines, 4, 5)
    expected = np.zeros((4, 5), dtype=np.int32)
    expected[2, [0, 3]] = [1, 2]
    expected[0, 1] = 1
    np.testing.assert_array_equal(found.toarray(), expected)
    assert found.data.dtype == np.int32
    assert found.has_sorted_indices


@pytest.mark.parametrize(
    "bought",
    [
        [(1, 10, 2), (1, -10, -2)],
        [(1, 10, 1), (1, 10, 1), (1, -20, NAN)],  # one refund of two lines
        [(1, 10, 2), (1, NAN, -2)],
        [(1, 10, 2), (1, 10, -2)],  # the sign is on the quantity only
        [(1, NAN, NAN), (1, NAN, -1)],
        [(1, 0.1, NAN), (1, 0.2, NAN), (1, -0.3, NAN)],  # whose sum in binary is not quite 0
        [(1, 10, 1), (1, -12, -2)],  # more than was bought in the window
        [(1, -10, -1), (1, 10, 1), (1, -10, -1)],  # the first is of before the window
        [(1, 10, 1), (1, -10, NAN), (1, 10, 1), (1, NAN, -1)],  # by amount, then by quantity
    ],
)
def test_what_was_given_back_in_full_is_not_owned(bought):
    assert owned_after(*bought, (2, 5, 1)).toarray().tolist() == [[0, 0, 1, 0], [0] * 4]


@pytest.mark.parametrize(
    "bought",
    [
        [(1, 10, 2), (1, -5, -1)],
        [(1, 10, 1), (1, -4, NAN), (1, 10, 1)],
        [(1, 10, 1), (1, -10, -1), (1, 10, 1)],  # bought again
        [(1, 10, 1), (1, -4, NAN)],  # a lower price
        [(1, 0, 1)],  # a gift
        [(1, 10, 0)],
        [(1, 10, 1), (2, -10, -1)],  # gives back something else
        [(1, -10, -1), (1, 10, 1)],  # a refund of what was bought before the data begin
        [(1, -40, -4), (1, 10, 1)],
        [(1, NAN, -1), (1, 10, 1), (1, -5, NAN), (1, 0, 1)],
        [(1, 10, 1), (1, -10, NAN), (1, NAN, NAN)],  # bought again, at an unknown price
    ],
)
def test_what_was_kept_in_part_is_owned(bought):
    bought_of_1 = [row for row in bought if row[0] == 1 and not (row[1] < 0 or row[2] < 0)]
    assert owned_after(*bought).toarray()[0, 1] == len(bought_of_1)


def test_a_refund_gives_back_what_was_bought_before_it():
    """Whatever the order of arrival; of one moment, purchases come first."""
    lines = {
        0: [(12, 1.0), (120, -1.0)],  # bought 12 days ago, given back 120 days ago
        1: [(117, 1.0), (102, -1.0), (12, 1.0)],  # bought again
        2: [(12, -1.0), (12, 1.0)],
        3: [(117, 0.1), (117, 0.2), (102, -0.3), (102, -9.0)],
    }
    rows = [(customer, -ago, q) for customer, mine in lines.items() for ago, q in mine]
    for days in (None, 110):
        for seed in range(3):
            order = np.random.default_rng(seed).permutation(len(rows))
            customer, at, units = (np.array(c)[order] for c in zip(*rows, strict=True))
            some = Lines.of(customer, at * DAY, np.zeros(len(rows), int), quantities=units)
            assert np.diff(purchases_of(some.within(0, days), 4, 1).indptr).tolist() == [1, 1, 0, 0]


def test_nothing_at_all():
    nothing = Lines.of(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    assert purchases_of(nothing, 3, 0).shape == (3, 0)
    assert purchases_of(nothing, 0, 2).shape == (0, 2)
    assert purchases_of(nothing, 3, 2).nnz == 0


AMOUNTS = st.sampled_from([NAN, -10.0, -5.0, 0.0, 5.0, 10.0])
QUANTITIES = st.sampled_from([NAN, -2.0, -1.0, 0.0, 1.0, 2.0])
LINES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(-1, 2), AMOUNTS, QUANTITIES, st.integers(0, 5)),
    max_size=12,
)


def plainly_owned(rows):
    """Purchases by (customer, item), by the words of the documentation."""
    found = {}
    for pair in {tuple(row[:2]) for row in rows if row[1] != NO_ITEM}:
        mine = [(at, a < 0 or q < 0, a, q) for *one, a, q, at in rows if tuple(one) == pair]
        units = paid = 0.0
        is_owned = False
        for _, is_back, a, q in sorted(mine, key=lambda line: line[:2]):
            price = 0.0 if math.isnan(a) else abs(a)
            count = float(not is_back or math.isnan(a)) if math.isnan(q) else abs(q)
            units += -count if is_back else count
            paid += -price if is_back else price
            is_gone = is_back and ((count > 0 and units <= 0) or (price > 0 and paid <= 0))
            if is_gone:
                units = paid = 0.0
            is_owned = not is_gone and (is_owned or not is_back)
        if is_owned:
            found[pair] = sum(not is_back for _, is_back, *_ in mine)
    return found


@given(LINES)
def test_what_is_owned_is_what_the_words_say(rows):
    columns = [np.array(column, dtype=float) for column in zip(*rows, strict=True)]
    customers, items, amounts, quantities, at = columns or [np.empty(0)] * 5
    lines = Lines.of(
        customers.astype(np.int64),
        at.astype(np.int64),
        items.astype(np.int64),
        amounts,
        quantities,
    )
    found = purchases_of(lines, 3, 3).tocoo()
    pairs = zip(found.coords[0].tolist(), found.coords[1].tolist(), strict=True)
    assert dict(zip(pairs, found.data.tolist(), strict=True)) == plainly_owned(rows)
