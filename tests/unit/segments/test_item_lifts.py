"""The items that a segment owns more often than everybody."""

import numpy as np
import pytest
from scipy import sparse

from kindred.segments.profiles.comparison import MIN_CUSTOMERS
from kindred.segments.profiles.effect import wilson_interval
from kindred.segments.profiles.item_lifts import over_represented


def owned(customers, **owners):
    """Purchases of items a, b, ... by the first of each segment's customers."""
    counts = np.zeros((customers, len(owners)), dtype=np.int32)
    for item, rows in enumerate(owners.values()):
        counts[rows, item] = 2
    return sparse.csr_array(counts)


def test_lifts_by_hand():
    """Segments of 40 and 40 customers, and 20 of noise."""
    labels = np.repeat([0, 1, -1], [40, 40, 20]).astype(np.int32)
    half = np.r_[0:20]
    counts = owned(
        100,
        everybody=np.r_[0:100],
        mostly_first=np.r_[0:30, 40:44],
        rare=np.r_[0 : MIN_CUSTOMERS - 1],
        half_of_first=half,
        second=np.r_[40:75, 80:90],
    )
    found = over_represented(counts, labels, 2, 3)
    assert found.items.tolist() == [[3, 1, -1], [4, -1, -1]]
    assert found.buyers.tolist() == [[20, 30, 0], [35, 0, 0]]
    np.testing.assert_allclose(found.lifts[0, :2], [0.5 / 0.2, 0.75 / 0.34])
    low, high = wilson_interval(35, 40)
    np.testing.assert_allclose([found.lows[1, 0], found.highs[1, 0]], [low / 0.45, high / 0.45])
    assert np.isnan(found.lifts[1, 1:]).all()


def test_items_without_a_difference_are_not_over_represented():
    rng = np.random.default_rng(1)
    counts = sparse.csr_array((rng.random((4000, 30)) < 0.3).astype(np.int32))
    labels = rng.integers(-1, 3, 4000).astype(np.int32)
    found = over_represented(counts, labels, 3, 30)
    assert (found.items >= 0).sum() <= 8  # of 90, 2.5 % are above by chance


@pytest.mark.parametrize("customers", [0, 12])
def test_no_segments_and_no_purchases(customers):
    nothing = sparse.csr_array((customers, 3), dtype=np.int32)
    labels = np.full(customers, -1, dtype=np.int32)
    assert over_represented(nothing, labels, 0, 5).items.shape == (0, 5)
    assert (over_represented(nothing, labels, 2, 5).items == -1).all()
