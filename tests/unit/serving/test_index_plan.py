"""The plan of an index: memory by pgvector's own terms, lists and probes by measurement."""

import numpy as np
import pytest

from kindred.errors import SettingsError
from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.truth import find_truth
from kindred.serving.candidates import measure_lists
from kindred.serving.index_plan import (
    Candidate,
    candidate_lists,
    choose,
    forecast_mb,
    plan_index,
    usual_lists,
)
from kindred.serving.ivfflat_memory import build_memory_bytes, fits, largest_lists, reported_mb
from kindred.spec.metrics import Metric

SEED = 3


def groups(rows: int, dimensions: int = 8, seed: int = SEED) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = 3 * random.standard_normal((12, dimensions))
    spread = random.standard_normal((rows, dimensions))
    return np.asarray(centres[random.integers(0, 12, rows)] + spread, dtype=np.float32)


def plan(vectors: np.ndarray, metric: Metric = Metric.L2, **changes):
    settings = {"target_recall": 0.95, "memory_mb": 64, "seed": SEED} | changes
    return plan_index(vectors, metric, 10, **settings)


@pytest.mark.parametrize(
    ("lists", "dimensions", "rows", "pages", "said"),
    [
        (1000, 3, 200, 2, 5),
        (4000, 3, 200, 2, 65),
        (100, 32, 30_000, 613, 6),
        (1000, 32, 30_000, 613, 126),
        (4000, 128, 20_000, 1429, 472),
        (100, 700, 3_000, 20, 18),
    ],
)
def test_memory_is_what_pgvector_0_8_6_has_asked_for(lists, dimensions, rows, pages, said):
    needed = build_memory_bytes(lists, dimensions, rows=rows, pages=pages)
    assert reported_mb(needed) == said


def test_memory_of_a_published_refusal():
    """pgvector's issue 50: 43,495 MB for 14,885 lists of 128 dimensions, by an older version."""
    assert reported_mb(build_memory_bytes(14_885, 128)) == pytest.approx(43_495, rel=0.001)


@pytest.mark.parametrize("memory_mb", [16, 64, 256, 1024])
def test_the_largest_number_of_lists_fits_and_the_next_does_not(memory_mb):
    most = largest_lists(memory_mb, 32)
    assert fits(build_memory_bytes(most, 32), memory_mb)
    assert not fits(build_memory_bytes(most + 1, 32), memory_mb)


def test_no_list_fits_too_little_memory():
    assert largest_lists(1, 32) == 0


@pytest.mark.parametrize(
    ("rows", "lists"),
    [(0, 1), (999, 1), (250_000, 250), (1_000_000, 1_000), (4_000_000, 2_000)],
)
def test_the_usual_rule(rows, lists):
    assert usual_lists(rows) == lists


@pytest.mark.parametrize(
    ("rows", "most", "expected"),
    [
        (1_000_000, 10_000, [1_000, 2_000, 4_000, 6_000]),
        (10_000, 200, [10, 20, 40, 60, 100]),
        (200_000, 300, [200, 300]),
        (1_000, 20, [2, 4, 6, 20]),
    ],
)
def test_candidates_start_at_the_rules_and_keep_to_the_memory(rows, most, expected):
    assert candidate_lists(rows, most) == expected


def candidate(lists: int, cost: float) -> Candidate:
    return Candidate(lists, 3, 0.96, cost, cost, 1, 1.0)


def test_more_lists_must_be_worth_their_memory():
    few, more = candidate(10, 1000.0), candidate(20, 990.0)
    assert choose([few, more]) is few
    assert choose([few, candidate(20, 900.0)]).lists == 20


@pytest.mark.parametrize("metric", list(Metric))
def test_the_promise_is_kept_by_another_sample(metric):
    vectors = groups(8_000)
    chosen = plan(vectors, metric).chosen
    distinct = find_distinct(vectors, np.ones(len(vectors), dtype=np.bool_))
    truth = find_truth(vectors, metric, 10, distinct, seed=SEED + 1)
    curve = measure_lists(vectors, metric, truth, chosen.lists, seed=SEED + 1)
    assert chosen.recall >= 0.95
    assert curve.recall[chosen.probes - 1] == pytest.approx(chosen.recall, abs=0.02)
    scanned = curve.scanned_rows[chosen.probes - 1]
    assert scanned == pytest.approx(chosen.scanned_rows, rel=0.15)


@pytest.mark.parametrize("metric", list(Metric))
def test_all_lists_hold_all_rows_and_all_neighbours(metric):
    vectors = groups(2_000)
    distinct = find_distinct(vectors, np.ones(len(vectors), dtype=np.bool_))
    truth = find_truth(vectors, metric, 5, distinct, seed=SEED, tuning_size=100, measuring_size=0)
    curve = measure_lists(vectors, metric, truth, 16, seed=SEED)
    assert curve.recall[-1] == 1.0
    assert curve.scanned_rows[-1] == pytest.approx(len(vectors))
    assert (np.diff(curve.recall) >= 0).all()
    assert curve.fewest_probes(1.0) <= 16


def test_a_higher_target_wants_more():
    vectors = groups(6_000)
    low, high = plan(vectors, target_recall=0.8).chosen, plan(vectors, target_recall=0.999).chosen
    assert low.query_cost < high.query_cost
    assert high.recall >= 0.999


def test_little_memory_changes_the_plan():
    vectors = groups(20_000)
    free = plan(vectors, memory_mb=256)
    tight = plan(vectors, memory_mb=2)
    assert tight.chosen.lists <= tight.largest_lists < free.chosen.lists
    assert tight.chosen.memory_mb <= 2
    assert tight.reason == "the most lists that 2 MB can build"


def test_no_memory_is_refused_with_the_figures():
    with pytest.raises(SettingsError, match=r"needs at least \d+ MB.*_MEM_MB is 1.*nothing"):
        plan(groups(20_000, 100), memory_mb=1)


def test_more_dimensions_than_pgvector_indexes_are_refused():
    vectors = np.random.default_rng(SEED).random((1_000, 2_001), dtype=np.float32)
    with pytest.raises(
        SettingsError,
        match=r"2001 dimensions.*takes 2000.*or say 'index_precision: half' or 'index: exact'",
    ):
        plan(vectors)


@pytest.mark.parametrize(
    ("vectors", "reason"),
    [
        (np.zeros((0, 4), dtype=np.float32), "0 rows"),
        (groups(999), "999 rows, an index wants 1000"),
        (np.ones((5_000, 4), dtype=np.float32), "1 distinct vectors, an index wants 50 a list"),
        (np.repeat(groups(99), 60, axis=0), "99 distinct vectors"),
    ],
)
def test_few_rows_are_scanned(vectors, reason):
    found = plan(vectors)
    assert found.chosen is None
    assert reason in found.reason


def test_zero_vectors_are_not_asked_for_under_cosine():
    vectors = groups(3_000)
    vectors[::7] = 0
    assert plan(vectors, Metric.COSINE).chosen.recall >= 0.95


def test_the_same_seed_gives_the_same_plan():
    vectors = groups(3_000)
    assert plan(vectors) == plan(vectors)


def test_the_forecast_of_a_plan_is_that_of_its_table():
    """A generation of 32 dimensions has 44 rows a page."""
    exact = reported_mb(build_memory_bytes(100, 32, rows=30_000, pages=613))
    assert forecast_mb(100, 30_000, 32) == exact
