"""When the serving index is built anew."""

import pytest

from kindred.serving.rebuild import Canary, Rebuild, decide

AUTO = Rebuild.AUTO


def canary(recall: float) -> Canary:
    return Canary(recall, recall - 0.01, recall + 0.01, 500)


@pytest.mark.parametrize(
    ("recall", "rows", "is_rebuilt"),
    [(0.95, 1_000, False), (0.931, 1_999, False), (0.929, 1_000, True), (0.99, 2_000, True)],
)
def test_a_lost_recall_or_a_doubled_table_rebuilds(recall, rows, is_rebuilt):
    found = decide(AUTO, canary=canary(recall), target_recall=0.95, rows_at_build=1_000, rows=rows)
    assert found.is_rebuilt is is_rebuilt
    assert str(rows) in found.reason or f"{recall:.4f}" in found.reason


@pytest.mark.parametrize(("recall", "is_rebuilt"), [(0.79, False), (0.77, True)])
def test_an_index_that_never_had_the_recall_is_held_against_what_it_had(recall, is_rebuilt):
    """Otherwise a graph under inner product would be built anew every night."""
    given = {"target_recall": 0.95, "rows_at_build": 10, "rows": 10, "recall_at_build": 0.8}
    assert decide(AUTO, canary=canary(recall), **given).is_rebuilt is is_rebuilt


@pytest.mark.parametrize(("rebuild", "is_rebuilt"), [("always", True), ("never", False)])
def test_the_spec_may_decide_alone(rebuild, is_rebuilt):
    found = decide(
        Rebuild(rebuild), canary=canary(0.5), target_recall=0.95, rows_at_build=1, rows=9
    )
    assert (found.is_rebuilt, found.reason) == (is_rebuilt, f"rebuild: {rebuild}")


def test_a_scanned_table_is_planned_again_when_it_has_doubled():
    given = {"canary": None, "target_recall": 0.95, "rows_at_build": 700}
    assert not decide(AUTO, rows=1_399, **given).is_rebuilt
    assert decide(AUTO, rows=1_400, **given).is_rebuilt
    assert not decide(AUTO, rows=5, **{**given, "rows_at_build": None}).is_rebuilt
    assert not decide(AUTO, rows=5, **{**given, "rows_at_build": 0}).is_rebuilt
