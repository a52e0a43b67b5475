"""Owned items come back when they are due by the customer's own rhythm."""

import numpy as np
import pytest
from scipy import sparse

from kindred.events.lines import MICROSECONDS_PER_DAY as DAY
from kindred.events.lines import Lines
from kindred.events.ownership import purchases_of
from kindred.recommendations.everyone import recommend_everyone
from kindred.recommendations.lists import Catalogue, Recommendations, most_popular
from kindred.recommendations.parameters import Method, Parameters
from kindred.recommendations.repurchases import due_items

AS_OF = 100 * DAY


def due(*purchases, customers=3, items=6):
    """(customer, item, day[, amount]) -> {(customer, item): purchases} that are due."""
    rows = [(*line, 1.0)[:4] for line in purchases]
    customer, item, day, amount = (np.array(values) for values in zip(*rows, strict=True))
    lines = Lines.of(customer, (day * DAY).astype(np.int64), item, amount)
    found = due_items(lines, purchases_of(lines, customers, items), AS_OF)
    assert found.shape == (customers, items)
    return {(int(r), int(c)): int(found[r, c]) for r, c in zip(*found.nonzero(), strict=True)}


def test_an_item_is_due_from_the_median_gap_on():
    every_ten = [(1, 4, day) for day in (60, 70, 80, 90)]
    assert due(*every_ten) == {(1, 4): 4}
    assert due(*every_ten[1:], (1, 4, 90.5)) == {}
    # Gaps of 10 and 30: the median is 20.
    assert due((0, 2, 40), (0, 2, 50), (0, 2, 80)) == {(0, 2): 3}
    assert due((0, 2, 41), (0, 2, 51), (0, 2, 81)) == {}


def test_two_purchases_make_no_rhythm_and_one_basket_is_one_purchase():
    assert due((0, 0, 1), (0, 0, 2)) == {}
    assert due((0, 0, 1), (0, 0, 2), (0, 0, 2)) == {}
    assert due((0, 0, 1), (0, 0, 2), (0, 0, 3), (2, 5, 3)) == {(0, 0): 3}


def test_what_was_given_back_is_not_due():
    bought = [(0, 1, 10), (0, 1, 20), (0, 1, 30)]
    assert due(*bought, (0, 1, 40, -1.0)) == {(0, 1): 3}
    assert due(*bought, (0, 1, 40, -3.0)) == {}


def test_no_lines():
    empty = np.empty(0, dtype=np.int64)
    lines = Lines.of(empty, empty, empty)
    assert due_items(lines, sparse.csr_array((4, 7), dtype=np.int32), AS_OF).nnz == 0
    assert due_items(lines, sparse.csr_array((4, 0), dtype=np.int32), AS_OF).shape == (4, 0)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_what_is_due_is_on_top_of_at_most_half_a_list(count):
    owned = np.zeros((20, 9), dtype=np.int32)
    owned[1:, :6] = 1
    owned[0, 6:] = owned[5:, 6:] = 1
    purchases = sparse.csr_array(owned)
    lists = most_popular(Catalogue.of(purchases), np.array([3, 0, 7], dtype=np.int32), count)
    due = np.zeros((20, 9), dtype=np.int32)
    due[0, 6:] = 3, 5, 5
    found = lists.with_due(sparse.csr_array(due))
    again = min(3, -(-count // 2))
    assert found.items[1].tolist() == [*[7, 8, 6][:again], *range(6)][:count]
    assert found.scores[1, :again].tolist() == [5, 5, 3][:again]
    is_again = (found.methods == Method.REPURCHASE).sum(axis=1)
    assert is_again.tolist() == [0, again, 0]
    assert (found.bought_by[1, :again] == 0).all()
    for row in (0, 2):
        assert found.items[row].tolist() == lists.items[row].tolist()
    assert isinstance(found, Recommendations)


def test_what_must_not_be_listed_is_never_due_again():
    """Neither what is not available nor what has fewer than five owners; ranks have no gaps."""
    owned = np.zeros((20, 12), dtype=np.int32)
    owned[:, :10] = 1
    owned[::2, 8:10] = 0
    owned[0, 8:] = 7
    available = np.arange(12) != 8
    catalogue = Catalogue.of(sparse.csr_array(owned), available)
    due = np.zeros_like(owned)
    due[0, [3, 8, 9, 10, 11]] = 5, 9, 4, 8, 7
    parts = recommend_everyone(
        catalogue,
        np.zeros((20, 3), dtype=np.float32),
        6,
        parameters=Parameters(),
        neighbours=5,
        seed=0,
        due=sparse.csr_array(due),
    )
    found = Recommendations.joined(list(parts))
    assert found.items[0].tolist() == [3, 9, -1, -1, -1, -1]
    assert found.scores[0, :2].tolist() == [5, 4]
    listed = found.items[found.items >= 0]
    assert catalogue.may_be_listed[listed].all()
