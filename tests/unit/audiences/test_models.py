"""The parts of training: cross-fitting, places, models, choice and intervals."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from benchmarks.audience_scores import score_audience
from kindred.audiences.boosting import Binned, Shape, fit_trees
from kindred.audiences.centroids import fit_centroids
from kindred.audiences.choice import choose
from kindred.audiences.contrasts import contrast_warnings
from kindred.audiences.crossfit import CrossFit, Examples, all_variants, placed
from kindred.audiences.folds import FOLDS, folds_of, in_hash_order, remixed, sample
from kindred.audiences.intervals import interval_of_share
from kindred.audiences.methods import METHODS, Family
from kindred.audiences.regression import WIDE, fit_regressions
from kindred.encoding.embeddings import centroid_of_customers
from unit.audiences.made_audiences import half, hashes_of, rows, tasteful

COLUMNS = np.array([0, 1, 2, 2, 2], dtype=np.int32)


def examples(vectors, likes):
    folds = np.arange(len(vectors)) % FOLDS
    return Examples(vectors, likes, np.ones(len(vectors)), folds.astype(np.int8))


def test_no_model_has_seen_the_people_it_scores():
    vectors, likes = tasteful()
    given = examples(vectors, likes)
    wanted = all_variants(list(Family))
    before = CrossFit(given, 1).fit(wanted, [2])
    changed = np.array(vectors)
    inside = given.folds == 2
    changed[inside] = changed[inside][::-1]  # the same values, so the same bins
    other = np.where(inside, ~likes, likes)
    after = CrossFit(examples(changed, other), 1).fit(wanted, [2])
    assert before.keys() == after.keys()
    for variant, [model] in before.items():
        assert model.to_json() == after[variant][0].to_json(), variant


def test_the_centroid_is_what_the_function_of_bi_computes():
    vectors, likes = tasteful()
    ours = fit_centroids(vectors, likes, np.ones(600), 1).scores(vectors)
    theirs = score_audience(vectors, np.flatnonzero(likes), centroid_of_customers(vectors))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_a_group_of_fewer_than_twenty_seeds_has_no_centroid():
    vectors = np.random.default_rng(1).normal(size=(200, 3)).astype(np.float32)
    vectors[:5] += 100.0
    is_seed = np.arange(200) < 60
    found = fit_centroids(vectors, is_seed, np.ones(200), 8)
    groups = found.groups(vectors[is_seed])
    assert len(found.directions) == 1
    assert set(groups) == {0}


@pytest.mark.parametrize("width", [6, WIDE + 20])
def test_the_regression_is_scikit_learns(width):
    random = np.random.default_rng(2)
    vectors = random.normal(size=(500, width)).astype(np.float32)
    likes = vectors[:, 0] + random.normal(size=500) > 1.0
    weights = np.where(likes, 1.0, 2.5)
    ours = fit_regressions(vectors, likes, weights, (0.1, 1.0))
    for strength, model in zip((0.1, 1.0), ours, strict=True):
        theirs = LogisticRegression(C=strength, tol=1e-8, max_iter=5000)
        theirs.fit(vectors.astype(np.float64), likes, sample_weight=weights)
        np.testing.assert_allclose(model.coefficients, theirs.coef_[0], atol=2e-3)
        np.testing.assert_allclose(
            model.scores(vectors), theirs.decision_function(vectors), atol=1e-2
        )


def test_trees_fit_what_they_see():
    random = np.random.default_rng(3)
    vectors = random.normal(size=(2000, 4)).astype(np.float32)
    likes = vectors[:, 0] * vectors[:, 1] > 0
    everybody = np.arange(2000, dtype=np.int32)
    model = fit_trees(Binned.of(vectors), likes, np.ones(2000), everybody, Shape(3, 100, 0.1))
    assert ((model.scores(vectors) > 0) == likes).mean() > 0.9
    # A single tree of one split, by hand: the mean of Newton's steps on both sides.
    step = (np.arange(100) >= 60).astype(np.float32)[:, None]
    stump = fit_trees(
        Binned.of(step), step[:, 0] > 0, np.ones(100), everybody[:100], Shape(1, 1, 1.0)
    )
    start = np.log(0.4 / 0.6)
    low, high = -60 * 0.4 / (60 * 0.24 + 1), 40 * 0.6 / (40 * 0.24 + 1)
    np.testing.assert_allclose(stump.scores(step)[[0, 99]], [start + low, start + high])


def test_parts_add_up_to_the_score():
    vectors, likes = tasteful()
    [variants] = [CrossFit(examples(vectors, likes), 1).fit(all_variants(list(Family)), [0])]
    for (family, _), [model] in variants.items():
        parts = model.parts(vectors, COLUMNS, 3)
        scores = model.scores(vectors)
        rest = scores - parts.sum(axis=1)
        # What is left is what somebody average would have: the same for all.
        np.testing.assert_allclose(rest, rest[0], atol=1e-9, err_msg=family)


def test_places_are_among_the_reference_and_never_equal():
    scores = np.array([1.0, 2.0, 2.0, 3.0, 2.0, 9.0])
    ties = np.array([0, 1, 2, 3, 4, 5], dtype=np.uint64)
    reference = np.array([1.0, 1.0, 1.0, 1.0, 0.0, 0.0])
    found = placed(scores, ties, np.zeros(6, dtype=np.int8), reference)
    np.testing.assert_allclose(found, [0.125, 0.375, 0.625, 0.875, 0.7, 0.9])
    heavy = placed(scores, ties, np.zeros(6, dtype=np.int8), reference * [2, 1, 1, 0, 0, 0])
    np.testing.assert_allclose(heavy[:3], [0.25, 0.625, 0.875])


def test_of_equally_good_methods_the_preferred_is_chosen():
    random = np.random.default_rng(4)
    hits = random.random(400) < 0.4
    worse = hits & (random.random(400) < 0.8)
    same = hits.copy()
    same[np.flatnonzero(hits)[0]] = False
    first, second, third = METHODS[:3]
    assert choose({first: worse, second: same, third: hits}) == second
    assert choose({first: hits, second: hits}) == first
    assert choose({first: np.zeros(9, dtype=bool), second: np.ones(9, dtype=bool)}) == second


def test_intervals_by_hand():
    low, high = interval_of_share(10, 100)
    assert (round(low, 4), round(high, 4)) == (0.0552, 0.1744)  # Wilson's, as tables have it
    wide = interval_of_share(10, 100, 100)
    assert wide[0] < low < high < wide[1]
    assert interval_of_share(0, 0) == (0.0, 1.0)
    assert interval_of_share(0, 30, 30)[0] == pytest.approx(0.0, abs=1e-12)
    assert interval_of_share(30, 30, 30)[1] == pytest.approx(1.0)


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_an_interval_holds_what_as_many_others_show(share):
    random = np.random.default_rng(5)
    seen, later = random.binomial(80, share, size=(2, 2000))
    held = 0
    for hits, others in zip(seen, later, strict=True):
        low, high = interval_of_share(float(hits), 80, 80)
        held += low <= others / 80 <= high
    assert 0.945 <= held / 2000 <= 0.99


def test_folds_and_samples_follow_the_hash_alone():
    hashes = hashes_of(1000)
    chosen = sample(rows(np.arange(1000)), hashes, 100)
    assert np.array_equal(chosen, sample(rows(np.arange(1000)[::-1]), hashes, 100))
    assert (np.diff(hashes[chosen].astype(np.float64)) > 0).all()
    assert hashes[chosen].max() == np.sort(hashes)[99]
    assert np.bincount(folds_of(chosen)).tolist() == [20] * 5
    # Another purpose is another order: who is sampled is not in one fold.
    folds = folds_of(in_hash_order(rows(np.arange(1000)), remixed(hashes, 7)))
    by_row = np.empty(1000, dtype=np.int8)
    by_row[in_hash_order(rows(np.arange(1000)), remixed(hashes, 7))] = folds
    assert np.bincount(by_row[chosen], minlength=5).min() > 8


def test_contrasts():
    random = np.random.default_rng(6)
    pool = pd.DataFrame(
        {
            "age": random.normal(40, 10, 1000),
            "state": random.choice(["CA", "NY"], 1000),
            "known": np.where(random.random(1000) < 0.1, None, "yes"),
            "empty": np.nan,
        }
    )
    seeds = pd.DataFrame(
        {
            "age": random.normal(60, 10, 100),
            "state": random.choice(["CA", "NY"], 100),
            "known": np.where(random.random(100) < 0.9, None, "yes"),
            "empty": np.nan,
        }
    )
    found = contrast_warnings(seeds, pool)
    assert [sentence.split("'")[1] for sentence in found] == ["age", "known"]
    assert "no value" in found[1]
    assert contrast_warnings(pool, pool) == ()
    assert contrast_warnings(seeds.iloc[:0], pool) == ()
    # A value that few seeds have is not named.
    rare = pd.DataFrame({"city": [f"c{number}" for number in range(20)]})
    assert contrast_warnings(rare, pd.DataFrame({"city": ["x"] * 50})) == (
        "seeds and pool differ in 'city', which is no feature, so that the ranking does not see it",
    )


@pytest.mark.parametrize("kind", [float, bool, np.int64])
def test_what_is_yes_or_no_is_told_in_these_words(kind):
    """Booleans of the warehouse arrive as the numbers 0 and 1."""
    pool = pd.DataFrame({"is_member": (np.arange(1000) % 10 < 2).astype(kind)})
    for share, words in (
        (9, "90% of the seeds have the value yes, and 20% of the pool"),
        (10, "100% of the seeds have the value yes, and 20% of the pool"),
    ):
        seeds = pd.DataFrame({"is_member": (np.arange(200) % 10 < share).astype(kind)})
        [sentence] = contrast_warnings(seeds, pool)
        assert sentence.endswith(f"in 'is_member', which is no feature, so that the ranking does "
                                 f"not see it: {words}")  # fmt: skip
        [sentence] = contrast_warnings(pool, seeds)
        value = "no, and 10%" if share == 9 else "no, and 0%"
        assert sentence.endswith(f": 80% of the seeds have the value {value} of the pool")


def test_numbers_are_told_by_where_they_lie_in_the_pool():
    pool = pd.DataFrame({"age": np.arange(1000.0)})
    [old] = contrast_warnings(pd.DataFrame({"age": np.arange(600.0, 1000.0)}), pool)
    assert old.endswith("100% of the seeds are where the highest 40% of the pool are")
    [young] = contrast_warnings(pd.DataFrame({"age": np.arange(300.0)}), pool)
    assert young.endswith("100% of the seeds are where the lowest 30% of the pool are")


def test_half_is_half():
    assert len(half(np.arange(10) < 6)) == 3
