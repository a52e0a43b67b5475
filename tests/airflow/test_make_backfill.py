"""``make backfill`` on an Airflow that runs already: it is used, and goes on running.

Its range lands the rows of all dates and computes the last one alone, in the order in which that
has ended before the others begin.
"""

import io
from concurrent.futures import Future
from unittest.mock import patch

import pytest
from customers import AS_OFS, DATES, space_spec, write_spec
from real_airflow import DagRun, RealAirflow
from rich.console import Console

from kindred.run.latest_only import Snapshots
from local import watch
from local.backfill import BackfillRequest, backfill
from local.failures import RunFailedError
from local.interrupts import Interrupts
from local.rest import Order
from local.run import FIT, Stopwatch
from local.supervisor import Component

LANDING = {"prepare", "extract", "validate", "clean_up", "finish"}


def begin(airflow: RealAirflow) -> Future[None]:
    return airflow.meanwhile(fill_range, airflow)


def make_backfill(
    airflow: RealAirflow,
    first: str,
    last: str,
    order: Order = Order.FORWARD,
    snapshots: Snapshots = Snapshots.ALL,
) -> tuple[str, str]:
    """Run a range of space ``ranged``; returns the last line and all that was printed."""
    console = Console(file=io.StringIO(), width=120)
    request = BackfillRequest("ranged", first, last, order, snapshots)
    report = backfill(airflow.local.layout, request, Interrupts(), Stopwatch(console))
    return report.last_line(1), console.file.getvalue()


def names_of(components: list[Component]) -> set[str]:
    return {component.name for component in components}


def fill_range(airflow: RealAirflow) -> None:
    """What a person does who fills a range, and then two runs with a date that is none of it."""
    layout = airflow.local.layout
    layout.pgdata.symlink_to(airflow.local.server.pgdata)
    write_spec(layout.own_features, space_spec("ranged", clustering={"algorithms": ["kmeans"]}))
    # To list all tasks of the runs takes the API server a tenth of a second.
    with airflow.components, patch.object(watch, "POLL_SECONDS", 8.0):
        before = names_of(airflow.local.supervisor.running())
        assert before >= {"api-server", "dag-processor", "scheduler"}
        last_line, printed = make_backfill(
            airflow, "2024-02-01", "2024-04-01", Order.BACKWARD, Snapshots.LATEST_ONLY
        )
        # What ran before still does, and nothing else.
        airflow.local.check()
        assert names_of(airflow.local.supervisor.running()) == before
        assert FIT not in names_of(airflow.local.supervisor.components())
    assert last_line.startswith("KINDRED OK snapshots=1 customers=439 lookalikes=2195 clusters=4 ")
    for words in (
        f"Airflow is up already: {airflow.local.url}",
        "encoder 1 fitted",
        "backfill of 3 intervals started (backward)",
        "2024-02-01  encode              skipped",
        "2024-04-01  publish             success",
        "all runs have succeeded",
        "2024-02-01 02:00  landed     complete",
    ):
        assert words in printed
    space = airflow.space("ranged")
    assert space.query("select fitted_as_of from {space}.encoder_versions") == [(AS_OFS[2],)]
    assert space.current() == (AS_OFS[2], AS_OFS[2], 439 * 5)
    statuses = [space.snapshot(as_of)["status"] for as_of in AS_OFS]
    assert statuses == ["landed", "landed", "published"]
    assert all(space.snapshot(as_of)["rows_landed"] > 0 for as_of in AS_OFS)
    assert [space.snapshot(as_of)["rows_rejected"] for as_of in AS_OFS] == [2, 2, 3]
    assert space.leftovers() == []
    client = airflow.local.client
    runs = [DagRun(space, run["dag_run_id"]) for run in client.runs(space.dag_id, DATES)]
    for run in runs[:2]:
        states = run.states()
        assert {states[task] for task in LANDING} == {"success"}
        # That one does not wait for the data.
        computing = states.keys() - LANDING - {"list_algorithms"}
        assert {states[task] for task in computing} == {"skipped"}
        assert "computed for the last date of the backfill" in run.log("fit_encoder")
        assert run.asset_events() == []
    assert len(runs[2].asset_events()) == 1

    run = space.trigger(
        end=AS_OFS[0].isoformat(), snapshots="latest_only", latest_as_of=AS_OFS[2].isoformat()
    )
    unfinished = "backfill: 1 runs of customer_similarity__ranged have"
    with airflow.components, pytest.raises(RunFailedError, match=unfinished):
        make_backfill(airflow, "2024-02-01", "2024-02-01")
    assert run.wait() == "success"
    assert run.states()["encode"] == "skipped"
    assert space.snapshot(AS_OFS[0])["status"] == "landed"

    # A date behind the one that is named.
    named = {"snapshots": "latest_only", "latest_as_of": AS_OFS[1].isoformat()}
    run = space.trigger(end=AS_OFS[2].isoformat(), **named)
    assert run.wait() == "failed"
    assert "give the range's last as_of, or leave it out" in run.log("prepare")
    assert space.snapshot(AS_OFS[2])["status"] == "published"


def test_a_range_is_fitted_landed_computed_and_told(begun_here):
    begun_here.result()
