"""Measures of lists by hand, and of other methods against their published formulas."""

import numpy as np
import pytest
from scipy import sparse

from kindred.recommendations.judging import estimate, is_worse, judge
from kindred.recommendations.rivals import ease, item_neighbours, top_lists


def test_measures_by_hand():
    new = sparse.csr_array(np.array([[0, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 1, 1]]))
    items = np.array([[4, 1, 0], [3, 2, -1]])
    found = judge(items, np.array([1, 2]), new, 10)
    np.testing.assert_allclose(found.recall, [1.0, 2 / 3])
    gains = 1 / np.log2([2, 3, 4])
    np.testing.assert_allclose(
        found.ndcg, [gains[1:].sum() / gains[:2].sum(), gains[:2].sum() / gains.sum()]
    )
    assert found.hits.tolist() == [1.0, 1.0]
    assert found.coverage == 0.5
    nothing = judge(np.array([[3, 4, 2]]), np.array([1]), new, 10)
    assert (nothing.recall[0], nothing.ndcg[0], nothing.hits[0]) == (0.0, 0.0, 0.0)


def test_an_interval_is_over_customers():
    values = np.random.default_rng(1).random(400)
    found = estimate(values)
    assert found.error == pytest.approx(values.std(ddof=1) / 20)
    # Near a half it is nearly the normal one.
    assert found.high - found.value == pytest.approx(1.96 * found.error, rel=0.03)
    assert found.value - found.low == pytest.approx(1.96 * found.error, rel=0.03)
    assert estimate(np.empty(0)).value == estimate(np.array([0.5])).error == 0.0


def test_an_interval_of_a_share_stays_between_0_and_1_and_says_that_nobody_is_not_none():
    few = estimate(np.array([0.0] * 39 + [1.0]))
    assert few.value < 1.96 * few.error
    assert 0.0 < few.low < few.value < few.high < 1.0
    most = estimate(np.array([1.0] * 39 + [0.0]))
    np.testing.assert_allclose([most.low, most.high], [1 - few.high, 1 - few.low])
    nobody, everybody = estimate(np.zeros(60)), estimate(np.ones(60))
    assert (nobody.low, nobody.high) == (0.0, 0.05)
    assert (everybody.low, everybody.high) == (0.95, 1.0)
    assert (estimate(np.empty(0)).low, estimate(np.empty(0)).high) == (0.0, 0.0)


def test_worse_is_by_more_than_a_standard_error_of_the_difference():
    rng = np.random.default_rng(2)
    theirs = rng.random(500)
    noise = rng.normal(0.0, 0.1, 500)
    noise -= noise.mean()
    error = noise.std(ddof=1) / 500**0.5
    assert not is_worse(theirs + noise - 0.9 * error, theirs)
    assert is_worse(theirs + noise - 1.1 * error, theirs)
    assert not is_worse(theirs, theirs)


OWNED = sparse.csr_array((np.random.default_rng(3).random((60, 12)) < 0.3).astype(np.float32))
EVERYBODY = np.arange(60, dtype=np.int32)


def test_ease_is_the_closed_form(monkeypatch):
    monkeypatch.setattr("kindred.recommendations.rivals.ITEMS_AT_ONCE", 5)
    x = OWNED.toarray().astype(np.float64)
    precision = np.linalg.inv(x.T @ x + 20 * np.eye(12))
    weights = -precision / np.diag(precision)
    np.fill_diagonal(weights, 0.0)
    np.testing.assert_allclose(ease(OWNED, 20.0)(EVERYBODY), x @ weights, atol=1e-5)


def test_item_neighbours_are_shrunk_cosines(monkeypatch):
    monkeypatch.setattr("kindred.recommendations.rivals.ITEMS_AT_ONCE", 5)
    x = OWNED.toarray().astype(np.float64)
    lengths = np.linalg.norm(x, axis=0)
    similar = (x.T @ x) / (np.outer(lengths, lengths) + 3.0)
    np.fill_diagonal(similar, 0.0)
    kept = np.where(similar >= np.sort(similar, axis=1)[:, [-4]], similar, 0.0)
    np.testing.assert_allclose(item_neighbours(OWNED, 4, 3.0)(EVERYBODY), x @ kept.T, rtol=1e-4)


def test_lists_by_scores_leave_out_what_is_owned(monkeypatch):
    monkeypatch.setattr("kindred.recommendations.rivals.SCORES_AT_ONCE", 12 * 7)
    scores = np.random.default_rng(4).random((60, 12)).astype(np.float32)
    found = top_lists(lambda rows: scores[rows], EVERYBODY, OWNED, 10)
    for row in range(60):
        allowed = [item for item in range(12) if not OWNED.toarray()[row, item]]
        expected = sorted(allowed, key=lambda item: -scores[row, item])[:10]
        assert found[row].tolist() == expected + [-1] * (10 - len(expected))
