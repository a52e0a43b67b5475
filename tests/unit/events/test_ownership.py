"""What customers own after what they gave back."""

import numpy as np
import pytest

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
