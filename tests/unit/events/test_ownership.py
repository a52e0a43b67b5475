"""What customers own after what they gave back."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    ],
)
def test_what_was_kept_in_part_is_owned(bought):
    assert owned_after(*bought).toarray()[0, 1] == len([row for row in bought if row[1] >= 0])


def test_nothing_at_all():
    nothing = Lines.of(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    assert purchases_of(nothing, 3, 0).shape == (3, 0)
    assert purchases_of(nothing, 0, 2).shape == (0, 2)
    assert purchases_of(nothing, 3, 2).nnz == 0


AMOUNTS = st.sampled_from([NAN, -10.0, -5.0, 0.0, 5.0, 10.0])
QUANTITIES = st.sampled_from([NAN, -2.0, -1.0, 0.0, 1.0, 2.0])
LINES = st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 2), AMOUNTS, QUANTITIES), max_size=12)


def plainly_owned(rows):
    """Purchases by (customer, item), by the words of the documentation."""
    found = {}
    for pair in {(customer, item) for customer, item, _, _ in rows if item != NO_ITEM}:
        mine = [(a, q) for customer, item, a, q in rows if (customer, item) == pair]
        back = [(a, q) for a, q in mine if a < 0 or q < 0]
        bought = [one for one in mine if not (one[0] < 0 or one[1] < 0)]
        units = sum(1.0 if math.isnan(q) else q for _, q in bought)
        paid = sum(0.0 if math.isnan(a) else a for a, _ in bought)
        units_back = sum(math.isnan(a) if math.isnan(q) else abs(q) for a, q in back)
        paid_back = sum(0.0 if math.isnan(a) else abs(a) for a, _ in back)
        is_refunded = 0 < units_back >= units or 0 < paid_back >= paid
        if bought and not is_refunded:
            found[pair] = len(bought)
    return found


@given(LINES)
def test_what_is_owned_is_what_the_words_say(rows):
    columns = [np.array(column, dtype=float) for column in zip(*rows, strict=True)]
    customers, items, amounts, quantities = columns or [np.empty(0)] * 4
    lines = Lines.of(
        customers.astype(np.int64),
        np.arange(len(rows)),
        items.astype(np.int64),
        amounts,
        quantities,
    )
    found = purchases_of(lines, 3, 3).tocoo()
    pairs = zip(found.coords[0].tolist(), found.coords[1].tolist(), strict=True)
    assert dict(zip(pairs, found.data.tolist(), strict=True)) == plainly_owned(rows)
