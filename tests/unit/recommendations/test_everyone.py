"""The lists of all customers of a snapshot."""

import numpy as np
import pytest
from scipy import sparse

from kindred.encoding.items_block import fit_items
from kindred.events.ownership import ItemCounts
from kindred.recommendations import everyone
from kindred.recommendations.everyone import Profiles, recommend_everyone
from kindred.recommendations.lists import Catalogue, Recommendations
from kindred.recommendations.parameters import Method, Parameters
from kindred.recommendations.recommendation_memory import everyone_megabytes, quality_megabytes
from kindred.spec.metrics import Metric

GIVEN = {"parameters": Parameters(), "neighbours": 40, "seed": 1}


def purchases(customers=600, items=80, seed=1):
    """Two tastes; every twelfth customer has bought nothing."""
    rng = np.random.default_rng(seed)
    taste = np.arange(customers) % 2
    likes = np.where(np.arange(items) % 2 == taste[:, None], 0.3, 0.02)
    counts = (rng.random((customers, items)) < likes).astype(np.int32)
    counts[::12] = counts[6::12] = 0
    return sparse.csr_array(counts), taste


def profiles_of(counts):
    values = ItemCounts(counts, np.arange(counts.shape[1]))
    block = fit_items(values, components=6)
    vectors = np.zeros((counts.shape[0], block.width), dtype=np.float32)
    block.write(values, vectors)
    return np.ascontiguousarray(block.profile_part(vectors))


def everybody(counts, count=6, **changes):
    parts = recommend_everyone(
        Catalogue.of(counts), profiles_of(counts), count, **(GIVEN | changes)
    )
    return Recommendations.joined(list(parts))


def test_everybody_gets_a_full_list_of_their_own_taste():
    counts, taste = purchases()
    found = everybody(counts)
    assert found.rows.tolist() == list(range(600))
    has_bought = np.diff(counts.indptr) > 0
    assert (found.methods[has_bought] == Method.NEIGHBOURS).all()
    assert (found.methods[~has_bought] == Method.POPULAR).all()
    assert (found.items[has_bought] % 2 == taste[has_bought][:, None]).mean() > 0.95


@pytest.mark.parametrize("metric", list(Metric))
def test_customers_without_purchases_get_what_customers_like_them_bought(metric, monkeypatch):
    monkeypatch.setattr(everyone, "PROFILE_CUSTOMERS", 300)
    counts, _ = purchases()
    other = np.random.default_rng(3).normal(0, 0.2, (600, 3)).astype(np.float32)
    other[:, 0] += np.where(np.arange(600) % 4 < 2, 1, -1)
    bought = counts.toarray()
    taste = (np.arange(600) % 4 >= 2).astype(int)
    bought = np.where(np.arange(80) % 2 == taste[:, None], 1, 0) * (bought.sum(1) > 0)[:, None]
    bought[np.random.default_rng(4).random(bought.shape) < 0.5] = 0
    found = everybody(sparse.csr_array(bought), profiles=Profiles(other, metric))
    without = bought.sum(axis=1) == 0
    assert without.sum() == 100
    assert (found.methods[without] == Method.PROFILE).all()
    assert (found.items[without] % 2 == taste[without][:, None]).mean() > 0.9
    assert (found.methods[~without] == Method.NEIGHBOURS).all()


def test_parts_and_threads_change_no_bit(monkeypatch):
    counts, _ = purchases()
    other = np.random.default_rng(3).normal(size=(600, 3)).astype(np.float32)
    expected = everybody(counts, profiles=Profiles(other, Metric.L2))
    monkeypatch.setattr(everyone, "PART_CUSTOMERS", 37)
    monkeypatch.setattr("kindred.neighbours.search_plan.EXACT_BLOCK", 64)
    found = everybody(counts, profiles=Profiles(other, Metric.L2), threads=3)
    for name in ("rows", "items", "scores", "bought_by", "methods", "counted"):
        assert getattr(found, name).tobytes() == getattr(expected, name).tobytes()


def test_nobody_has_bought_anything():
    found = everybody(sparse.csr_array((30, 8), dtype=np.int32))
    assert found.rows.tolist() == list(range(30))
    assert (found.items == -1).all()


def test_the_memory_of_a_million_customers_fits_into_six_gigabytes():
    forecast = everyone_megabytes((1_000_000, 64), 40_000_000, 50_000, 20, 200, 2)
    assert 2_000 < forecast < 6_000
    assert quality_megabytes((50_000, 65), 2_000_000, 20_000, 200) < 4_000
