"""The benchmark of the graph: its data, its tasks and its rivals at a few hundred rows."""

import time

import numpy as np
import pytest

from benchmarks.customers import make_customers, make_mixture
from benchmarks.graph import (
    Job,
    as_text,
    run_merge,
    run_plan,
    run_recall,
    run_shard,
    write_customers,
)
from benchmarks.graph_rivals import (
    Truth,
    bare_products,
    exact_faiss,
    faiss_hnsw,
    faiss_ivf,
    least,
    usearch_hnsw,
)
from benchmarks.processes import measure_within
from kindred.neighbours.exact import exact_neighbours
from kindred.spec.metrics import Metric


@pytest.fixture(scope="module")
def vectors_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("rivals") / "vectors.npy"
    np.save(path, make_customers(600))
    return str(path)


@pytest.fixture
def truth(vectors_file):
    vectors = np.load(vectors_file)
    rows = np.arange(0, 600, 6)
    _, exact = exact_neighbours(vectors[rows], vectors, Metric.L2, 5, exclude=rows)
    return Truth(rows, exact[:, -1], 0.9, 5)


def test_customers_are_seeded_and_their_blocks_weigh_alike():
    vectors = make_customers(20_000)
    assert vectors.tobytes() == make_customers(20_000).tobytes()
    assert vectors.dtype == np.float32
    assert vectors.shape == (20_000, 32)
    variances = vectors.var(axis=0)
    np.testing.assert_allclose(variances[:20], 1.0, rtol=1e-3)
    for first, last in ((20, 25), (25, 29), (29, 32)):
        assert variances[first:last].sum() == pytest.approx(1.0, rel=1e-3)
        assert (np.count_nonzero(vectors[:, first:last], axis=1) == 1).all()
    assert make_customers(10, 40).shape == (10, 40)
    assert make_mixture(30, 5).shape == (30, 5)


@pytest.mark.parametrize("wanted", [1, 2, 3, 37, 64, 100])
def test_the_least_value_is_found_by_halving(wanted):
    assert least(lambda value: value >= wanted, 100) == wanted
    assert least(lambda value: False, 100) == 100


def test_recall_leaves_the_customer_itself_out(truth, vectors_file):
    vectors = np.load(vectors_file)
    neighbours, _ = exact_neighbours(vectors[truth.rows], vectors, Metric.L2, 5, exclude=truth.rows)
    with_own = np.column_stack([truth.rows, neighbours])
    assert truth.recall_of(vectors, with_own) == 1.0
    with_own[:, -1] = -1
    assert truth.recall_of(vectors, with_own) == pytest.approx(0.8)


def test_every_rival_reaches_the_recall(truth, vectors_file):
    found = [
        faiss_ivf(vectors_file, truth, 10, True),
        faiss_hnsw(vectors_file, truth),
        usearch_hnsw(vectors_file, truth, 1),
    ]
    assert all(figures["recall"] >= 0.9 for figures in found)
    scaled = faiss_ivf(vectors_file, truth, 10, False)
    assert (scaled["scaled_from"], scaled["recall"]) == (600, None)
    assert exact_faiss(vectors_file, 5)["seconds"] > 0.0
    assert bare_products(vectors_file, 100)["seconds"] > 0.0


@pytest.mark.parametrize("exact", [False, True])
def test_the_tasks_of_the_benchmark_are_those_of_the_dag(tmp_path, exact):
    job = Job(str(tmp_path), 5, exact=exact)
    path = write_customers(job, 300, 32)
    assert np.load(path).shape == (300, 32)
    shards = run_plan(job)
    assert shards == [0]
    assert run_shard(job, 0) == {"shard": 0}
    assert run_merge(job) == "exact"
    assert run_recall(job)["recall_at_k"] == 1.0


def test_mixed_customers_are_written_as_wide_as_their_encoder_makes_them(tmp_path):
    path = write_customers(Job(str(tmp_path), 5), 300, 32, "mixed")
    rows, dimensions = np.load(path).shape
    assert rows == 300
    assert dimensions > 40


def test_a_way_that_takes_too_long_is_ended():
    assert measure_within(600, abs, -3).result == 3
    assert measure_within(0.2, time.sleep, 600) is None


def test_figures_fit_into_one_text():
    assert as_text({"lists": 4000, "training": 1.23456}) == "lists 4000, training 1.235"
