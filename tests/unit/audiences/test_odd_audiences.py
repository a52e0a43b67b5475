"""Audiences whose seeds, pool or vectors are odd: what is refused, and what is warned of."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kindred.audiences.crossfit import Examples
from kindred.audiences.folds import folds_of
from kindred.audiences.kinds import kinds_of
from kindred.audiences.methods import CENTROID, NEAREST
from kindred.audiences.populations import Truth
from kindred.audiences.status import Status
from kindred.errors import AudienceError
from unit.audiences.made_audiences import (
    asked_by,
    asked_half,
    half,
    kinds,
    populations,
    quality,
    rows,
    tasteful,
    trained,
)


def test_seeds_that_are_anybody_are_a_mass_market_whatever_is_fitted_to_them():
    random = np.random.default_rng(11)
    vectors = random.normal(size=(500, 5)).astype(np.float32)
    found = trained(vectors, populations(500, np.sort(random.permutation(500)[:120])))
    row = quality(found, 0.2)
    assert row.lift_low < 1.0 < row.lift_high
    assert any(sentence.startswith("mass market") for sentence in found.warnings)


@pytest.mark.parametrize(
    ("seeds", "pool", "status"),
    [
        (0, 100, Status.TOO_FEW_SEEDS),
        (19, 100, Status.TOO_FEW_SEEDS),
        (600, 0, Status.NOBODY_IN_THE_POOL),
    ],
)
def test_too_few_seeds_or_nobody_to_rank(seeds, pool, status):
    vectors, _ = tasteful()
    given = populations(600, rows(np.arange(seeds)), pool=rows(np.arange(600 - pool, 600)))
    with pytest.raises(AudienceError) as raised:
        trained(vectors, given)
    assert raised.value.status == status


def test_everybody_who_was_asked_said_yes():
    vectors, _ = tasteful()
    asked = rows(np.arange(50))
    given = populations(600, asked, others=rows([]), contacted=asked, truth=Truth.CONTACTED)
    with pytest.raises(AudienceError, match="nobody to tell the seeds from") as raised:
        trained(vectors, given)
    assert raised.value.status == Status.FAILED


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda n: np.zeros((n, 1)), id="all alike"),
        pytest.param(lambda n: np.arange(n)[:, None] % 2, id="one column of two values"),
        pytest.param(lambda n: np.column_stack([np.arange(n) < 40, np.ones(n)]), id="seeds alike"),
        pytest.param(lambda n: np.arange(n)[:, None] / n, id="one number"),
        pytest.param(lambda n: np.eye(n), id="a dimension per customer"),
    ],
)
@pytest.mark.parametrize("seeds", [20, 40, 159])
def test_degenerate_vectors_are_ranked_all_the_same(make, seeds):
    vectors = np.asarray(make(160), dtype=np.float32)
    blocks = {"all": (0, vectors.shape[1])}
    found = trained(
        vectors, populations(160, rows(np.arange(seeds))), sizes=(0.1, 1.0), blocks=blocks
    )
    assert np.array_equal(np.sort(found.order), np.arange(seeds, 160))
    assert np.isfinite(found.scores).all()
    assert all(np.isfinite(row.lift) for row in found.quality)
    if seeds == 20:
        assert any("seeds are few" in sentence for sentence in found.warnings)


def test_seeds_out_of_reach_of_the_pool_are_judged_by_those_within():
    vectors, likes = tasteful()
    seeds = half(likes)
    found = trained(vectors, populations(600, seeds, judged=seeds[:40]))
    assert quality(found, 0.1).seeds == 40
    few = trained(vectors, populations(600, seeds, judged=seeds[:5]))
    assert quality(few, 0.1).seeds == len(seeds)
    assert any(sentence.startswith("5 of the seeds meet") for sentence in few.warnings)
    asked = asked_half(likes)
    few = trained(vectors, replace(asked, judged=asked.seeds[:5], judged_others=asked.others))
    assert quality(few, 0.1).seeds == len(asked.seeds)


def test_who_lists_the_whole_pool_has_the_best_first_all_the_same():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(4000, 5)).astype(np.float32)
    likes = random.random(4000) < np.where(np.abs(vectors[:, 0]) > 1.8, 0.5, 0.02)
    given = populations(4000, half(likes))
    best, whole = (trained(vectors, given, sizes=sizes) for sizes in ((0.1,), (0.1, 1.0)))
    assert "boosting" in best.method
    assert whole.method == best.method
    assert np.array_equal(whole.order[: best.counts[0]], best.order)
    assert not any("mass market" in sentence for sentence in whole.warnings)


def test_a_pool_unlike_the_asked_is_warned_of():
    vectors, likes = tasteful(2000)
    asked = asked_half(likes)
    assert not any("unlike" in sentence for sentence in trained(vectors, asked).warnings)
    vectors[1:1000:2, 1] += 6.0
    [sentence] = [s for s in trained(vectors, asked).warnings if "unlike" in s]
    assert 0.45 < int(sentence.split("%")[0]) / 100 < 0.55


def test_where_the_asked_are_hardly_like_the_pool_the_quality_is_called_a_guess():
    vectors, _, given = asked_by(3.0)
    [sentence] = [one for one in trained(vectors, given).warnings if "overlap" in one]
    assert f"the {len(given.seeds)} seeds count as" in sentence


def test_seeds_above_everybody_are_too_specific():
    vectors, likes = tasteful()
    seeds = half(likes)
    vectors[seeds, 1] += 50.0
    found = trained(vectors, populations(600, seeds))
    assert any(sentence.startswith("too specific") for sentence in found.warnings)


def test_labels_in_which_seeds_and_pool_differ_are_named():
    vectors, likes = tasteful()
    seeds = half(likes)
    is_seed = np.isin(np.arange(600), seeds)
    labels = pd.DataFrame(
        {"tier": np.where(is_seed, "gold", "silver"), "noise": np.arange(600) % 7}
    )
    found = trained(vectors, populations(600, seeds), labels=lambda chosen: labels.iloc[chosen])
    [sentence] = [s for s in found.warnings if "no feature" in s]
    assert "'tier'" in sentence
    assert "100% of the seeds have 'gold'" in sentence


def test_seeds_of_two_kinds_are_noticed():
    random = np.random.default_rng(13)
    vectors = random.normal(size=(1500, 5)).astype(np.float32)
    kind = np.arange(1500) % 10
    vectors[kind == 0, 0] += 4.0
    vectors[kind == 1, 0] -= 4.0
    seeds = half(kind < 2)
    given = populations(1500, seeds)
    found, groups = trained(vectors, given), kinds(vectors, given).groups(vectors)
    [sentence] = [s for s in found.warnings if "kinds of people" in s]
    assert sentence.startswith("the seeds are 2 kinds")
    of_seeds, nearest = kind[seeds], kind[found.order[:50]]
    assert len(np.unique(groups[seeds][of_seeds == 0])) == 1
    assert set(groups[seeds][of_seeds == 0]).isdisjoint(groups[seeds][of_seeds == 1])
    assert set(groups[found.order[:50]][nearest == 0]) == set(groups[seeds][of_seeds == 0])


@pytest.mark.parametrize(
    ("nearest", "is_lifted", "is_noticed"),
    [(0.49, True, False), (0.6, True, True), (0.6, False, False), (0.38, True, False)],
)
def test_kinds_are_told_only_of_seeds_that_are_found_beyond_chance(nearest, is_lifted, is_noticed):
    """At half of the pool, one centroid that finds 38 % is worse than chance, which finds half."""
    random = np.random.default_rng(14)
    vectors = random.normal(size=(800, 5)).astype(np.float32)
    is_seed = np.arange(800) < 400
    examples = Examples(vectors, is_seed, np.ones(800), folds_of(np.arange(800, dtype=np.int32)))
    place = np.arange(400) / 400
    hits = {NEAREST: place < nearest, CENTROID: place < 0.38}
    found = kinds_of(examples, hits, 2, size=0.5, is_lifted=is_lifted)
    assert bool(found.warnings) == (len(found.counts) > 1) == is_noticed
