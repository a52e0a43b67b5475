"""The benchmark of recommendations: its own small computations, by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from benchmarks import purchases
from benchmarks.purchases import events_of, hold_out_newest, microseconds, split_newest
from benchmarks.recommend import shared
from benchmarks.recommend_rivals import best_rival, rivals, user_neighbours
from benchmarks.recommend_speed import MEAN_PURCHASES, make_purchases
from kindred.events.lines import Lines
from kindred.recommendations.splits import Split

EVERYBODY = np.arange(40, dtype=np.int32)


def bought(seed=1):
    return sparse.csr_array((np.random.default_rng(seed).random((40, 15)) < 0.4).astype(np.int32))


def test_the_newest_fifth_of_every_customer_is_held_out():
    customers = np.repeat([0, 1, 2], [10, 3, 1])
    at = np.concatenate([np.arange(10)[::-1], [5, 5, 5], [0]])
    items = np.concatenate([np.arange(10), [7, 2, 4], [1]])
    older, newest = hold_out_newest(Lines.of(customers, at, items))
    assert newest.customers.tolist() == [0, 0, 1, 2]
    assert newest.items.tolist() == [1, 0, 7, 1]
    assert len(older) + len(newest) == 14
    earlier, test = split_newest(Lines.of(customers, at, items), (3, 10))
    assert test.before.toarray()[0].tolist() == [0, 0, *[1] * 8]
    assert earlier.before.toarray()[0].tolist() == [0, 0, 0, 0, *[1] * 6]


def test_events_are_numbered_by_sorted_keys():
    frame = pd.DataFrame({"who": [9, 4, 9], "what": ["b", "a", "a"]})
    at = pd.Series(pd.to_datetime(["2017-01-02", "2017-01-01", "2017-01-03"]))
    events = events_of(frame, "who", "what", at)
    assert events.customers.tolist() == [4, 9]
    assert list(events.items) == ["a", "b"]
    assert events.lines.customers.tolist() == [0, 1, 1]
    assert events.lines.at[0] == microseconds("2017-01-01")
    assert events.before("2017-01-03").toarray().tolist() == [[1, 0], [0, 1]]


def test_the_grocers_tables():
    events = purchases.grocer("product_type")
    assert len(events.customers) == 2469
    assert len(events.lines) > 1_400_000
    assert purchases.households()["income"].notna().sum() == 801


def test_shares_of_the_same_answer():
    answers = np.array(["a", "b", "a", "a"], dtype=object)
    near, everyone = shared(answers, np.array([[1, 2], [0, 2], [0, 3], [2, 1]]))
    assert near.tolist() == [0.5, 0.0, 1.0, 0.5]
    np.testing.assert_allclose(everyone, [2 / 3, 0.0, 2 / 3, 2 / 3])


def test_user_neighbours_are_weighted_by_their_cosine():
    owned = bought()
    units = owned.toarray() / np.linalg.norm(owned.toarray(), axis=1, keepdims=True)
    similar = units @ units.T
    np.fill_diagonal(similar, 0.0)
    every = user_neighbours(owned, 40)(EVERYBODY)
    np.testing.assert_allclose(every, similar @ owned.toarray(), rtol=1e-5)
    nearest = np.where(similar >= np.sort(similar, axis=1)[:, [-3]], similar, 0.0)
    few = user_neighbours(owned, 3)(EVERYBODY)
    np.testing.assert_allclose(few, nearest @ owned.toarray(), rtol=1e-5)


def test_a_rival_has_its_best_parameters_of_the_earlier_split(monkeypatch):
    monkeypatch.setattr("benchmarks.recommend_rivals.COUNT", 3)
    split = Split.of(bought(), bought(2))
    truth = split.new.toarray().astype(np.float32)
    tried = {
        "wrong": lambda counts: lambda rows: -truth[rows],
        "right": lambda _: truth.__getitem__,
    }
    name, judged = best_rival(split, split, tried)
    assert name == "right"
    assert judged.recall.tolist() == [1.0] * len(split.tested)


@pytest.mark.parametrize("items", [15, 30_000])
def test_every_rival_scores_all_items(items):
    found = dict(rivals(items))
    assert set(found) == {"item neighbours", "user neighbours", "als"} | (
        {"ease"} if items == 15 else set()
    )
    for choices in found.values():
        assert len(choices) >= 4
        scores = next(iter(choices.values()))(bought())(EVERYBODY[:7])
        assert scores.shape == (7, 15)
        assert np.isfinite(scores).all()


def test_made_purchases_are_those_of_tastes():
    counts = make_purchases(3_000, 500)
    assert counts.shape == (3_000, 500)
    assert counts.sum() == pytest.approx(3_000 * MEAN_PURCHASES, rel=0.02)
    assert counts.toarray().tobytes() == make_purchases(3_000, 500).toarray().tobytes()
    owners = np.sort((counts > 0).sum(axis=0))
    assert owners[-1] > 10 * np.median(owners)
