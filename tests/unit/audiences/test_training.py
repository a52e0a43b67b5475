"""Training an audience: who is ranked, how well, and what it depends on."""

import json
from dataclasses import replace

import numpy as np
import pytest

from kindred.audiences.populations import Truth
from kindred.audiences.trained import Ranking
from kindred.audiences.training import compared_size
from unit.audiences.made_audiences import (
    BLOCKS,
    asked_by,
    asked_half,
    half,
    hashes_of,
    kinds,
    populations,
    quality,
    rows,
    tasteful,
    trained,
)


@pytest.fixture(scope="module")
def scene():
    vectors, likes = tasteful()
    seeds = half(likes)
    return vectors, likes, seeds, trained(vectors, populations(len(likes), seeds))


@pytest.fixture(scope="module")
def answered():
    vectors, likes = tasteful(2000)
    return vectors, likes, trained(vectors, asked_half(likes), sizes=(0.1, 1.0))


def test_the_members_are_the_best_of_the_pool(scene):
    _, likes, seeds, found = scene
    assert found.pool == 600 - len(seeds)
    assert found.counts == (25, 50, 100)
    assert len(found.order) == len(found.scores) == len(found.reasons) == 100
    assert len(np.unique(found.order)) == 100
    assert not np.isin(found.order, seeds).any()
    assert (np.diff(found.scores) <= 0).all()
    assert (np.diff(found.percentiles) < 0).all()
    assert found.percentiles[0] == 100.0
    assert found.cutoffs == tuple(found.scores[[24, 49, 99]])
    assert likes[found.order[:50]].mean() > 2.5 * likes[np.setdiff1d(np.arange(600), seeds)].mean()


def test_the_quality_is_that_of_the_hidden_people(scene):
    _, likes, seeds, found = scene
    hidden = np.setdiff1d(np.flatnonzero(likes), seeds)
    for size, count in zip(found.sizes, found.counts, strict=True):
        row = quality(found, size)
        recall = np.isin(hidden, found.order[:count]).mean()
        assert row.recall_low <= recall <= row.recall_high
        assert row.lift == pytest.approx(row.recall / (count / found.pool))
        assert row.customers == count
    whole = quality(found, 1.0)
    assert (whole.recall, whole.lift) == (1.0, 1.0)
    assert quality(found, 0.2, Ranking.RANDOM).lift == pytest.approx(1.0)
    assert quality(found, 0.2, Ranking.CENTROID).lift > 1.5


@pytest.mark.parametrize("make", [lambda likes: populations(600, half(likes)), asked_half])
def test_neither_the_order_of_rows_nor_threads_change_a_bit(make):
    vectors, likes = tasteful()
    hashes, given = hashes_of(600), make(likes)
    once = trained(vectors, given, hashes=hashes)
    moved = np.random.default_rng(9).permutation(600)
    new = np.argsort(moved)

    def there(chosen):
        return None if chosen is None else rows(np.sort(new[chosen]))

    changed = {
        name: there(getattr(given, name))
        for name in ("judged", "judged_others", "excluded", "pool", "others", "contacted")
    }
    seeds = there(given.seeds)
    mixed = np.ascontiguousarray(vectors[moved])
    others = populations(600, seeds, **changed, truth=given.truth)
    again = trained(mixed, others, hashes=hashes[moved], threads=2)
    assert np.array_equal(moved[again.order], once.order)
    np.testing.assert_array_equal(
        kinds(mixed, others, hashes[moved]).groups(mixed[again.order]),
        kinds(vectors, given, hashes).groups(vectors[once.order]),
    )
    for name in ("scores", "percentiles", "probabilities", "reasons"):
        np.testing.assert_array_equal(getattr(again, name), getattr(once, name))
    assert again.quality == once.quality
    assert again.calibration == once.calibration
    assert again.warnings == once.warnings
    assert json.dumps(again.state) == json.dumps(once.state)


def test_what_no_direction_shows_is_found_by_trees():
    random = np.random.default_rng(12)
    vectors = random.normal(size=(3000, 5)).astype(np.float32)
    likes = (vectors[:, 0] > 0.5) & (vectors[:, 1] > 0.5) | (vectors[:, :2] < -0.5).all(axis=1)
    found = trained(vectors, populations(3000, half(likes)))
    assert "boosting" in found.method
    assert quality(found, 0.1).lift > 2.0 * quality(found, 0.1, Ranking.CENTROID).lift
    assert found.reasons[:50, 0].tolist().count(-1) == 0
    assert np.isin(found.reasons[:100, :2], (0, 1)).mean() > 0.8


def test_answers_of_the_asked_decide_and_nobody_else(answered):
    vectors, likes, found = answered
    pool = np.arange(1, 2000, 2)
    assert np.array_equal(np.sort(found.order), pool)
    # What the pool is like says nothing of who answers.
    other = np.array(vectors)
    other[pool[::2], 4] += 3.0
    again = trained(other, asked_half(likes), sizes=(0.1, 1.0))
    assert again.calibration[0].observed == pytest.approx(found.calibration[0].observed, abs=0.05)


def test_probabilities_hold_in_the_pool(answered):
    _, likes, found = answered
    assert (np.diff(found.probabilities) <= 0).all()
    assert found.brier < found.brier_base
    is_positive = likes[found.order]
    assert np.square(found.probabilities - is_positive).mean() < found.brier_base
    for tenth in range(0, 1000, 100):
        predicted = found.probabilities[tenth : tenth + 100].mean()
        observed = is_positive[tenth : tenth + 100].mean()
        assert abs(predicted - observed) < 0.16
    assert sum(row.customers for row in found.calibration) == 1000
    row = quality(found, 0.1)
    assert row.predicted_lift == pytest.approx(row.lift, rel=0.25)


@pytest.mark.parametrize("truth", [Truth.NONE, Truth.LABEL])
def test_others_whose_answer_is_not_known_of_all_give_no_probability(truth):
    vectors, likes = tasteful()
    seeds = half(likes)
    others = rows(np.flatnonzero(~likes))
    found = trained(vectors, populations(600, seeds, others=others, truth=truth))
    assert (found.probabilities is None) == (truth is Truth.NONE)
    assert bool(found.calibration) == (truth is Truth.LABEL)
    assert quality(found, 0.1).lift > 2.0


def test_excluded_people_teach_nothing_and_are_not_ranked():
    vectors, likes = tasteful()
    seeds = half(likes)
    hidden = rows(np.setdiff1d(np.flatnonzero(likes), seeds))
    found = trained(vectors, populations(600, seeds, excluded=hidden), sizes=(1.0,))
    assert not np.isin(found.order, hidden).any()
    # All who look like seeds are seeds or excluded: the pool has none of their kind.
    changed = np.array(vectors)
    changed[hidden] = -9.0
    again = trained(changed, populations(600, seeds, excluded=hidden), sizes=(1.0,))
    assert np.array_equal(again.order, found.order)


@pytest.mark.parametrize(
    ("sizes", "size"),
    [((0.01, 0.1), 0.1), ((0.2, 0.5), 0.5), ((0.01, 1.0), 0.1), ((0.2, 1.0), 0.2), ((0.9,), 0.1)],
)
def test_methods_are_compared_where_they_differ(sizes, size):
    assert compared_size(sizes) == size


def test_a_pool_with_conditions_is_judged_by_the_asked_who_meet_them():
    """Its people are more like the seeds than the asked are, so that they stand out less."""
    random = np.random.default_rng(5)
    vectors = random.normal(size=(4000, 5)).astype(np.float32)
    likes = random.random(4000) < np.where(np.abs(vectors[:, 0]) > 1.5, 0.4, 0.02)
    every = asked_half(likes)
    meets = vectors[:, 0] > 1.0

    def inside(chosen):
        return rows(chosen[meets[chosen]])

    given = replace(
        every,
        pool=inside(every.pool),
        judged=inside(every.seeds),
        judged_others=inside(every.others),
    )
    found = trained(vectors, given, sizes=(0.1, 1.0))
    rate = likes[given.pool].mean()
    row = quality(found, 0.1)
    lift = likes[found.order[: row.customers]].mean() / rate
    assert row.lift_low <= lift <= row.lift_high
    unlike = trained(vectors, replace(given, judged_others=None), sizes=(0.1, 1.0))
    row = quality(unlike, 0.1)
    assert row.lift_low <= lift <= row.lift_high, "the asked outside the conditions are too easy"
    assert found.probabilities.mean() == pytest.approx(rate, abs=0.04)


def test_probabilities_follow_odds_that_fall_in_the_middle():
    """The ranking tells nearly all of those with the taste, a third, from the rest."""
    random = np.random.default_rng(8)
    vectors = random.normal(size=(6000, 5)).astype(np.float32)
    likes = random.random(6000) < np.where(vectors[:, 0] > 0.4, 0.8, 0.03)
    found = trained(vectors, asked_half(likes), sizes=(0.5, 1.0))
    answers = likes[found.order].reshape(10, -1).mean(axis=1)
    errors = np.abs(found.probabilities.reshape(10, -1).mean(axis=1) - answers)
    assert errors.mean() < 0.03


def test_the_quality_is_that_of_the_pool_whoever_was_asked():
    vectors, likes, given = asked_by(0.9)
    found = trained(vectors, given)
    hidden = np.intersect1d(np.flatnonzero(likes), given.pool)
    for size, count in zip(found.sizes, found.counts, strict=True):
        row = quality(found, size)
        recall = np.isin(hidden, found.order[:count]).mean()
        assert row.recall_low <= recall <= row.recall_high
        assert row.lift == pytest.approx(recall / (count / found.pool), rel=0.25)
        assert 100 < row.effective_seeds < 0.9 * row.seeds
    assert found.warnings == ()


def test_where_nobody_was_asked_all_seeds_count_alike(scene):
    assert {row.effective_seeds for row in scene[3].quality} == {None}


def test_one_kind_of_seeds_is_one_kind(scene):
    vectors, likes, seeds, found = scene
    assert not any("kinds" in sentence for sentence in found.warnings)
    groups = kinds(vectors, populations(len(likes), seeds)).groups(vectors)
    assert set(groups[seeds]) == set(groups[found.order]) == {0}


def test_reasons_are_the_columns_of_the_taste(scene):
    found = scene[3]
    assert found.columns == tuple(BLOCKS)
    top = [found.columns[number] for number in found.reasons[:50, 0]]
    assert set(top) <= {"income", "age"}
    assert top.count("income") > 30


def test_the_state_is_plain_json_without_a_seed(scene):
    vectors, _, seeds, found = scene
    text = json.dumps(found.state)
    assert json.loads(text)["method"] == found.method
    numbers = np.array([number for one in found.state["families"].values() for number in flat(one)])
    for vector in vectors[seeds].astype(np.float64):
        window = np.lib.stride_tricks.sliding_window_view(numbers, 2)
        assert not np.isclose(window, vector[:2], rtol=0, atol=1e-9).all(axis=1).any()


def flat(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for one in value for number in flat(one)]
    return [value]
