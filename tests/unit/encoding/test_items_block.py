"""The buying profile: the items of a customer as one block of the vector."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from kindred.encoding import items_block
from kindred.encoding.fitting import block_from_json
from kindred.encoding.items_block import (
    MIN_BUYERS,
    ItemsBlock,
    ItemWeighting,
    fit_items,
)
from kindred.events.ownership import ItemCounts

WEIGHTINGS = pytest.mark.parametrize("weighting", list(ItemWeighting))


def purchases(customers=400, items=60, seed=1, without=0.1):
    """Customers of two tastes, who buy about 8 of the items, and some who buy nothing."""
    rng = np.random.default_rng(seed)
    taste = np.arange(customers) % 2
    likes = np.where(np.arange(items) % 2 == taste[:, None], 0.25, 0.03)
    counts = (rng.random((customers, items)) < likes) * rng.integers(1, 9, (customers, items))
    counts[rng.random(customers) < without] = 0
    return sparse.csr_array(counts.astype(np.int32)), taste


def keys(count):
    return np.array([f"item {number}" for number in range(count)], dtype=object)


def encode(block, values):
    out = np.zeros((values.counts.shape[0], block.width), dtype=np.float32)
    block.write(values, out)
    return out


@WEIGHTINGS
def test_the_block_contributes_its_weight(weighting):
    counts, _ = purchases()
    values = ItemCounts(counts, keys(60))
    for weight in (1.0, 2.5):
        block = fit_items(values, weight=weight, components=8, weighting=weighting)
        assert block.width == 9
        vectors = encode(block, values).astype(np.float64)
        assert 2 * vectors.var(axis=0).sum() == pytest.approx(weight, rel=1e-3)


@WEIGHTINGS
def test_customers_of_one_taste_are_near(weighting):
    counts, taste = purchases()
    values = ItemCounts(counts, keys(60))
    block = fit_items(values, components=4, weighting=weighting)
    vectors = block.profile_part(encode(block, values))
    has_items = np.diff(counts.indptr) > 0
    units = vectors[has_items] / np.linalg.norm(vectors[has_items], axis=1, keepdims=True)
    similar = units @ units.T
    np.fill_diagonal(similar, -1.0)
    nearest = np.argsort(-similar, axis=1)[:, :10]
    same = taste[has_items][nearest] == taste[has_items][:, None]
    assert same.mean() > 0.95


def test_the_weights_by_hand():
    counts = sparse.csr_array(np.array([[3, 1], [1, 0], [0, 2], [2, 2], [1, 1], [5, 1], [0, 0]]))
    values = ItemCounts(counts, np.array(["a", "b"]))
    block = fit_items(values, components=1, weighting=ItemWeighting.TFIDF)
    found = np.log(7 / np.array([6, 6])) + 1.0
    np.testing.assert_allclose(block.idf, found)
    weights = block._weigh(sparse.csr_array([[3.0, 1.0]])).toarray()[0]
    expected = np.array([1 + np.log(3), 1.0])
    np.testing.assert_allclose(weights, expected / np.linalg.norm(expected))


def test_long_baskets_and_many_purchases_count_for_less_by_bm25():
    counts, _ = purchases(without=0.0)
    block = fit_items(ItemCounts(counts, keys(60)), weighting=ItemWeighting.BM25)
    one, two = (sparse.csr_array(np.array(row, dtype=float)[None]) for row in ([1, 1], [1, 4]))
    pair = block.idf[:2]
    block = ItemsBlock(None, block.weighting, block.items[:2], pair, block.components[:2], 2.0)
    equal, more = (block._weigh(rows).toarray()[0] / pair for rows in (one, two))
    assert equal[0] == pytest.approx(equal[1])
    length = 0.25 + 0.75 * 5 / 2
    assert more[1] / more[0] == pytest.approx(4 * (1 + 1.2 * length) / (4 + 1.2 * length))


def test_items_of_fewer_than_five_buyers_are_in_no_fitted_state():
    counts = purchases(without=0.0)[0].toarray()
    counts[:, :3] = 0
    counts[: MIN_BUYERS - 1, 0] = 50
    counts[:MIN_BUYERS, 1] = 50
    block = fit_items(ItemCounts(sparse.csr_array(counts), keys(60)))
    assert "item 0" not in block.items
    assert "item 1" in block.items
    assert "item 2" not in block.items
    assert "item 0" not in json.dumps(block.to_json())
    counts[:, 0] = 0
    again = fit_items(ItemCounts(sparse.csr_array(counts), keys(60)))
    assert again.to_json() == block.to_json()


def test_no_component_is_a_customer():
    counts = sparse.csr_array(np.eye(12, 30, dtype=np.int32) + np.ones((12, 30), dtype=np.int32))
    block = fit_items(ItemCounts(counts, keys(30)), components=12)
    assert block.components.shape == (30, 12 // MIN_BUYERS)


@WEIGHTINGS
def test_the_fit_depends_on_no_order_and_no_threads(weighting, monkeypatch):
    monkeypatch.setattr(items_block, "FIT_CUSTOMERS", 250)
    counts, _ = purchases()
    expected = fit_items(ItemCounts(counts, keys(60)), weighting=weighting, components=10)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        rows, columns = rng.permutation(400), rng.permutation(60)
        shuffled = sparse.csr_array(counts.toarray()[rows][:, columns])
        values = ItemCounts(shuffled, keys(60)[columns])
        found = fit_items(values, weighting=weighting, components=10)
        assert found.to_json() == expected.to_json()
        theirs = encode(found, values)
        ours = encode(expected, ItemCounts(counts, keys(60)))[rows]
        assert theirs.tobytes() == ours.tobytes()


def test_another_process_with_more_threads_fits_the_same_bits():
    code = (
        "from unit.encoding.test_items_block import ItemCounts, fit_items, keys, purchases;"
        "block = fit_items(ItemCounts(purchases()[0], keys(60)));"
        "print(block.to_json()['components'])"
    )
    block = fit_items(ItemCounts(purchases()[0], keys(60)))
    folder = Path(__file__).resolve().parents[3]
    path = {"PYTHONPATH": f"{folder}/plugins:{folder}/tests:{folder}"}
    environment = path | {"OPENBLAS_NUM_THREADS": "4", "OMP_NUM_THREADS": "4"}
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == block.to_json()["components"]


def test_a_row_depends_on_its_own_customer_only():
    counts, _ = purchases()
    values = ItemCounts(counts, keys(60))
    block = fit_items(values)
    every = encode(block, values)
    for row in (0, 17, 399):
        alone = encode(block, ItemCounts(counts[[row]], keys(60)))
        assert alone.tobytes() == every[[row]].tobytes()


@WEIGHTINGS
@pytest.mark.parametrize("kind", [str, int])
def test_the_state_is_plain_json_and_comes_back_bit_for_bit(weighting, kind):
    counts, _ = purchases()
    named = np.arange(60) * 7 if kind is int else keys(60)
    values = ItemCounts(counts, named)
    block = fit_items(values, weighting=weighting)
    again = block_from_json(json.loads(json.dumps(block.to_json())))
    assert encode(again, values).tobytes() == encode(block, values).tobytes()
    assert again.to_json() == block.to_json()


def test_keys_that_became_text_are_the_same_items():
    counts, _ = purchases()
    block = fit_items(ItemCounts(counts, np.arange(60)))
    as_text = ItemCounts(counts, np.arange(60).astype(str))
    expected = encode(block, ItemCounts(counts, np.arange(60)))
    assert encode(block, as_text).tobytes() == expected.tobytes()
    longer = ItemCounts(counts, np.array([f"{number} and more" for number in range(60)]))
    assert len(np.unique(encode(block, longer), axis=0)) == 1


def test_customers_without_items_are_alike_and_far_from_none_in_particular():
    counts, _ = purchases()
    has_items = np.diff(counts.indptr) > 0
    values = ItemCounts(counts, keys(60))
    block = fit_items(values, components=8)
    vectors = encode(block, values)
    missing = np.unique(vectors[~has_items], axis=0)
    assert missing.tolist() == [[0.0] * 8 + [pytest.approx(block.scale)]]
    assert not block.profile_part(vectors)[~has_items].any()
    np.testing.assert_allclose(vectors[has_items].mean(axis=0), 0.0, atol=1e-4)
    unknown = ItemCounts(sparse.csr_array(np.ones((1, 1), dtype=np.int32)), np.array(["new"]))
    np.testing.assert_array_equal(encode(block, unknown), missing)


def test_rare_missing_baskets_get_no_indicator():
    counts, _ = purchases(without=0.0)
    block = fit_items(ItemCounts(counts, keys(60)), components=8)
    assert block.width == 8
    nobody = ItemCounts(sparse.csr_array((1, 60), dtype=np.int32), keys(60))
    assert not encode(block, nobody).any()


@pytest.mark.parametrize(
    "counts",
    [
        np.zeros((6, 0), dtype=np.int32),
        np.zeros((6, 3), dtype=np.int32),
        np.ones((4, 3), dtype=np.int32),
        np.ones((9, 1), dtype=np.int32),
        np.ones((9, 3), dtype=np.int32),
        np.eye(9, dtype=np.int32),
        np.zeros((0, 3), dtype=np.int32),
    ],
    ids=["no items", "no purchases", "few", "one item", "all equal", "rare items", "nobody"],
)
def test_nothing_to_tell_apart(counts):
    values = ItemCounts(sparse.csr_array(counts), keys(counts.shape[1]))
    block = fit_items(values)
    vectors = encode(block, values)
    assert block.width >= 1
    assert len(np.unique(vectors, axis=0)) <= 1
    assert block_from_json(json.loads(json.dumps(block.to_json()))).to_json() == block.to_json()
