"""The nightly canary: an index that has lost its recall is built anew, a good one is kept."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from integration.unchanged import computing
from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.tasks import run_task

FIRST, SECOND, THIRD = "2026-01-25T02:00", "2026-01-26T02:00", "2026-01-27T02:00"
ROWS = 3_000
CHECKS = "select generation, is_rebuilt, recall_at_k, changed_rows from bi.index_checks order by 1"


def spec_of(**changes):
    return make_spec(clustering={"algorithms": ["kmeans"]}, refit="never", **changes)


NUMBERS = ("a", "b", "c", "d", "e", "f")
NUMBER_COLUMNS = "customer_id bigint, updated_at timestamptz, " + ", ".join(
    f"{name} double precision" for name in NUMBERS
)


def numbers(first: int, values: np.ndarray, day: str) -> list[tuple[object, ...]]:
    return [(first + n, moment(day), *map(float, row)) for n, row in enumerate(values)]


def on_a_line(count: int) -> np.ndarray:
    """All columns alike: lists are sections of a line, and one or two hold all neighbours."""
    random = np.random.default_rng(4)
    return random.standard_normal((count, 1)) + 0.01 * random.standard_normal((count, 6))


def in_all_directions(count: int) -> np.ndarray:
    """Each column has the distribution it had on the line, but neighbours are in many lists."""
    return np.random.default_rng(5).standard_normal((count, 6))


@pytest.fixture(scope="module")
def original(make_laboratory):
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(ROWS))
    laboratory.run(spec_of(), FIRST)
    return laboratory


@pytest.fixture
def shop(original, copy_laboratory):
    """A published snapshot with an index."""
    return copy_laboratory(original)


def test_with_nothing_changed_nothing_is_built(shop):
    shop.run(spec_of(), SECOND)
    [(generation, is_rebuilt, recall, changed)] = shop.query(CHECKS)
    assert (generation, is_rebuilt, changed) == (1, False, 0)
    assert recall >= 0.93
    drift = "select changed_share, list_drift, list_drift_noise > 0.01 from bi.index_checks"
    assert shop.query(drift) == [(0, 0, True)]
    assert shop.query("select count(*) from bi.index_builds") == [(1,)]


@pytest.mark.parametrize(("rebuild", "builds"), [("always", 2), ("never", 1)])
def test_the_spec_may_say_always_or_never(shop, rebuild, builds):
    shop.run(spec_of(rebuild=rebuild), SECOND)
    [(_, is_rebuilt, recall, _)] = shop.query(CHECKS)
    assert (is_rebuilt, recall) == (builds == 2, None)
    assert shop.query("select count(*) from bi.index_builds") == [(builds,)]
    assert shop.query("select state from bi.index_builds where generation = %s", (builds,)) == [
        ("serving",)
    ]


def test_a_second_population_takes_the_recall_and_a_rebuild_brings_it_back(laboratory):
    """Changed in place on the first night, measured and rebuilt on the second."""
    spec = spec_of(features=dict.fromkeys(NUMBERS, "numeric"), labels=[], rewrite_share=1.0)
    laboratory.fill("customers", NUMBER_COLUMNS, numbers(1, on_a_line(ROWS), "2026-01-24T12:00"))
    laboratory.run(spec, FIRST)
    laboratory.append("customers", numbers(ROWS + 1, in_all_directions(2_900), "2026-01-25T12:00"))
    laboratory.run(spec, SECOND)
    laboratory.run(spec, THIRD)
    checks = laboratory.query(
        "select is_rebuilt, recall_at_k, target_recall, reason from bi.index_checks order by as_of"
    )
    assert [is_rebuilt for is_rebuilt, *_ in checks] == [False, True]
    _, recall, target, reason = checks[-1]
    assert recall < target - 0.02
    assert reason == f"recall {recall:.4f} of 500 customers, allowed is {target - 0.02:.4f}"
    drifts = laboratory.query(
        "select list_drift, list_drift_noise, changed_share from bi.index_checks order by as_of"
    )
    assert [drift > noise for drift, noise, _ in drifts] == [False, True]
    assert drifts[1][0] > 0.1
    assert drifts[0][2] == pytest.approx(2_900 / 5_900)
    [(rebuilt, state)] = laboratory.query(
        "select recall_at_k, state from bi.index_builds where generation = 2"
    )
    assert (rebuilt > recall, rebuilt >= target - 0.02, state) == (True, True, "serving")


def test_another_metric_is_asked_for_and_gets_an_index_of_its_own(shop):
    """The vectors are the same, so nothing else would replace the generation."""
    shop.run(spec_of(metric="cosine"), SECOND)
    [(reason,)] = shop.query("select reason from bi.index_checks")
    assert reason == (
        "the spec asks for ivfflat (single, cosine), what serves was planned as"
        " ivfflat (single, l2)"
    )
    assert shop.query("select metric from bi.index_builds where state = 'serving'") == [("cosine",)]
    [(distance, similarity)] = shop.query(
        "select distance, similarity from bi.similar_customers(1, 1)"
    )
    assert similarity == pytest.approx(1 - distance)


def test_without_a_truth_what_serves_is_searched(shop):
    """As after an upgrade, whose artefacts have none."""
    with computing():
        run = shop.run(spec_of(), SECOND, until="build_embeddings")
    shutil.rmtree(Path(run.folder.path) / "truth")
    run_task(run, "build_embeddings")
    [(_, is_rebuilt, recall, _)] = shop.query(CHECKS)
    assert (is_rebuilt, recall >= 0.93) == (False, True)


def test_a_second_try_notes_one_check(shop):
    shop.run(spec_of(), SECOND, times=2)
    assert len(shop.query(CHECKS)) == 1
