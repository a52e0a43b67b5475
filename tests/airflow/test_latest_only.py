"""Backfills that land the rows of all dates and compute the last one alone."""

import pytest
from customers import AS_OFS, BEGINNING, DATES, space_spec
from real_airflow import DagRun, RealAirflow, Space

from local.rest import Order

LATEST_ONLY = {"snapshots": "latest_only"}
LANDING = {"prepare", "extract", "validate", "clean_up", "finish"}


def begin(airflow: RealAirflow) -> tuple[Space, list[DagRun]]:
    """The order in which the last date has ended before the others begin."""
    airflow.laboratory.fit(space_spec("latest"), BEGINNING.isoformat())
    space = airflow.space("latest")
    return space, space.backfill(DATES, Order.BACKWARD, LATEST_ONLY)


@pytest.fixture(scope="module")
def newest_first(begun_here: tuple[Space, list[DagRun]]) -> tuple[Space, list[DagRun]]:
    return begun_here


def statuses(space: Space) -> list[str]:
    return [space.snapshot(as_of)["status"] for as_of in AS_OFS]


def test_all_dates_land_and_the_last_one_is_computed(newest_first):
    space, runs = newest_first
    assert [run.wait() for run in runs] == ["success"] * 3
    assert statuses(space) == ["landed", "landed", "published"]
    assert space.current() == (AS_OFS[2], AS_OFS[2], 439 * 5)
    assert space.snapshot(AS_OFS[2])["customers"] == 439
    for run in runs[:2]:
        states = run.states()
        assert {states[task] for task in LANDING} == {"success"}
        # That one does not wait for the data.
        assert {states[task] for task in states.keys() - LANDING - {"list_algorithms"}} == {
            "skipped"
        }
        assert "computed for the last date of the backfill" in run.log("fit_encoder")
        assert run.asset_events() == []
    assert len(runs[2].asset_events()) == 1
    assert [space.snapshot(as_of)["rows_rejected"] for as_of in AS_OFS] == [2, 2, 3]
    assert all(space.snapshot(as_of)["rows_landed"] > 0 for as_of in AS_OFS)
    assert space.leftovers() == []


def test_a_date_behind_the_one_that_is_named_is_refused(newest_first):
    space, runs = newest_first
    assert [run.wait() for run in runs] == ["success"] * 3
    named = {**LATEST_ONLY, "latest_as_of": AS_OFS[1].isoformat()}
    run = space.trigger(end=AS_OFS[2].isoformat(), **named)
    assert run.wait() == "failed"
    assert "give the range's last as_of, or leave it out" in run.log("prepare")
    assert space.snapshot(AS_OFS[2])["status"] == "published"
