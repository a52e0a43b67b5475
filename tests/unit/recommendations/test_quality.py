"""The quality of recommendations on a split in time."""

import numpy as np
from scipy import sparse

from kindred.events.lines import MICROSECONDS_PER_DAY as DAY
from kindred.events.lines import Lines
from kindred.recommendations import quality
from kindred.recommendations.judging import Judged
from kindred.recommendations.parameters import Parameters, grid
from kindred.recommendations.quality import best_of
from kindred.recommendations.splits import (
    Split,
    moments_of,
    split_lines,
)

MEASURE = {"neighbours": 40, "count": 5, "seed": 1}


def bought(customers=300, items=60, tastes=3, seed=1, days=100, mine=0.9):
    """Lines of customers who mostly buy the items of their own taste."""
    rng = np.random.default_rng(seed)
    count = 12 * customers
    customer = rng.integers(0, customers, count)
    item = rng.integers(0, items // tastes, count) * tastes + np.where(
        rng.random(count) < mine, customer % tastes, rng.integers(0, tastes, count)
    )
    return Lines.of(customer, rng.integers(0, days * DAY, count), item)


def split_of(lines, moment, customers=300, items=60):
    return split_lines(lines, moment * DAY, 100 * DAY, customers, items)


def test_a_split_keeps_what_is_new_and_could_be_recommended():
    before = np.zeros((7, 4), dtype=np.int32)
    before[:5, 0] = before[1:6, 1] = 2
    before[:4, 2] = 1  # four owners
    after = np.zeros((7, 4), dtype=np.int32)
    after[0], after[5], after[6] = [1, 3, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]
    found = Split.of(sparse.csr_array(before), sparse.csr_array(after))
    expected = np.zeros((7, 4), dtype=np.int32)
    expected[0, 1], expected[5, 0], expected[6, 0] = 3, 1, 1
    np.testing.assert_array_equal(found.new.toarray(), expected)
    assert found.tested.tolist() == [0, 5]  # the last one had bought nothing before
    # They bought three items anew, one of them of fewer than five owners.
    assert (found.listable_share, found.left_out) == (2 / 3, 0)
    after[5] = 0, 0, 1, 0
    found = Split.of(sparse.csr_array(before), sparse.csr_array(after))
    assert (found.tested.tolist(), found.left_out, found.listable_share) == ([0], 1, 1 / 3)
    assert Split.of(sparse.csr_array(before), sparse.csr_array(0 * after)).listable_share == 1.0


def test_a_split_uses_nothing_after_its_end_and_counts_the_edges_once():
    lines = Lines.of(
        np.array([0, 0, 0, 0]), np.array([10, 20, 29, 30]) * DAY, np.array([0, 1, 2, 3])
    )
    found = split_lines(lines, 20 * DAY, 30 * DAY, 1, 4)
    assert found.before.indices.tolist() == [0]
    many = split_lines(
        Lines.of(np.arange(6) % 6, np.full(6, 20 * DAY), np.arange(6) % 2), 20 * DAY, 30 * DAY, 6, 2
    )
    assert many.before.nnz == 0


def test_moments_of_the_splits():
    lines = bought(days=400)
    as_of = 400 * DAY
    assert moments_of(lines, as_of) == (330 * DAY, 365 * DAY, 400 * DAY)
    assert moments_of(lines, 100 * DAY + 5) == (62 * DAY + 5, 81 * DAY + 5, 100 * DAY + 5)
    assert moments_of(lines, 3 * DAY) is None
    assert moments_of(lines, 0) is None


def measured(lines, **changes):
    return quality.measure_quality(
        split_lines(lines, 60 * DAY, 80 * DAY, 300, 60), split_of(lines, 80), **MEASURE | changes
    )


def test_neighbours_of_one_taste_beat_the_most_popular():
    found = measured(bought())
    recall = {one.method: one.recall for one in found.methods}
    assert set(recall) == {"neighbours", "popular", "item_neighbours", "ease"}
    assert recall["neighbours"].low > recall["popular"].high
    assert found.published == "neighbours"
    assert found.parameters in grid(40)
    for one in found.methods:
        assert one.customers == len(split_of(bought(), 80).tested)
        assert 0 < one.recall.low < one.recall.value < one.recall.high < 1
        assert 0 < one.coverage <= 1


def test_where_neighbours_are_worse_the_most_popular_are_published():
    """From day 60 on everybody buys what only the others had bought before."""
    rng = np.random.default_rng(8)
    count = 6000
    customer, at = rng.integers(0, 300, count), rng.integers(0, 100 * DAY, count)
    item = rng.integers(0, 30, count) * 2 + (customer + (at >= 60 * DAY)) % 2
    found = measured(Lines.of(customer, at, item))
    recall = {one.method: one.recall for one in found.methods}
    assert recall["neighbours"].high < recall["popular"].low
    assert (found.published, found.listable_share, found.left_out) == ("popular", 1.0, 0)
    # Nobody gets lists that were measured without a column: they choose nothing.
    whole = found.of_lists_with(["basket", "income"], {"income", "basket"})
    assert (whole.published, whole.unmeasured, whole.reason) == ("popular", (), None)
    partly = found.of_lists_with(["basket", "income"], {"basket"})
    assert (partly.published, partly.similar_by) == ("neighbours", ("basket",))
    assert partly.unmeasured == ("income",)
    assert "no measurement could choose" in partly.reason


def test_parameters_and_encoders_see_nothing_of_the_test():
    lines = bought()
    seen = []

    def encode(split):
        seen.append(split.before.sum())
        return quality.profiles_before(split)

    expected = measured(lines, encode=encode)
    before = [len(lines.within(moment * DAY)) for moment in (60, 80)]
    assert seen == before
    is_late = lines.at >= 80 * DAY
    other = np.where(is_late, np.random.default_rng(5).permutation(lines.items), lines.items)
    changed = Lines(lines.customers, lines.at, other, lines.amounts, lines.quantities)
    assert measured(changed).parameters == expected.parameters


def test_quality_is_the_same_on_every_run_and_by_any_threads():
    assert measured(bought(), threads=1) == measured(bought(), threads=3)


def test_ease_is_left_out_where_there_are_too_many_items(monkeypatch):
    monkeypatch.setattr(quality, "EASE_ITEMS", 59)
    assert "ease" not in {one.method for one in measured(bought()).methods}


def test_nobody_to_test_is_no_error():
    lines = bought(customers=4, items=6)
    split = split_lines(lines, 60 * DAY, 80 * DAY, 4, 6)
    found = quality.measure_quality(split, split, **MEASURE)
    assert {one.customers for one in found.methods} == {0}
    assert found.published == "neighbours"


def test_the_simplest_parameters_that_are_hardly_worse_are_chosen():
    def recall(*shares):
        return Judged(np.array(shares), np.zeros(4), np.zeros(4), 1.0)

    first, second, third = grid(200)[:3]
    worst = recall(0.1, 0.2, 0.1, 0.2)
    hardly, best = recall(0.3, 0.5, 0.4, 0.6), recall(0.4, 0.5, 0.4, 0.5)
    assert best_of({first: worst, second: hardly, third: best}) == second
    assert best_of({first: worst, third: best}) == third
    tried = grid(200)
    assert tried[0] == Parameters()
    assert len(set(tried)) == len(tried)
    assert max(one.neighbours for one in tried) == 200
