"""Every way a run can start, fail and be run again, on the real scheduler."""

import json
import shutil
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from customers import AS_OFS, DATES, customers_at, gated_spec, space_spec, write_spec
from real_airflow import DagRun, RealAirflow, Space, failed_tasks

from kindred.artefacts.folder import snapshot_slug
from kindred.errors import EncoderMissingError
from kindred.run.windows import previous_edge
from local.rest import Order

APRIL = AS_OFS[-1]
CHOSEN_START = datetime(2024, 2, 10, tzinfo=UTC)
CHOSEN_END = datetime(2024, 2, 20, tzinfo=UTC)
BEFORE_ALL = datetime(2023, 11, 1, 2, tzinfo=UTC)
NOW = datetime.now(UTC)
NEWEST = previous_edge("0 2 1 * *", NOW)
UNCHANGED = NEWEST + timedelta(minutes=1)
XCOM_BYTES = 2048


@dataclass(frozen=True)
class Begun:
    """Runs by name."""

    manual: dict[str, DagRun]
    too_early: DagRun
    gated: DagRun
    mended: Future[None]
    gone: Future[DagRun]
    empty: DagRun
    in_future: DagRun
    without_encoder: DagRun
    broken: DagRun


def begin(airflow: RealAirflow) -> Begun:
    manual, gated = begin_manual(airflow), begin_gated(airflow)
    refused = airflow.space("refused")
    mended = airflow.meanwhile(stop_and_mend, gated)
    return Begun(
        manual,
        manual["dated"].space.trigger(logical_date=APRIL),
        gated,
        mended,
        airflow.meanwhile(take_source_away, gated.space, mended),
        airflow.space("empty").trigger(),
        refused.trigger(end="2999-01-01T02:00:00+00:00"),
        refused.backfill(DATES[:1], Order.FORWARD)[0],
        airflow.space("broken").trigger(),
    )


def begin_manual(airflow: RealAirflow) -> dict[str, DagRun]:
    """Runs by hand of one space, in this order; the first one has no encoder yet."""
    space = airflow.space("manual")
    return {
        "dated": space.trigger(logical_date=NOW),
        "chosen": space.trigger(
            start=CHOSEN_START.isoformat(),
            end=CHOSEN_END.isoformat(),
            algorithms=["kmeans"],
            encoder_version=1,
        ),
        "undated": space.trigger(full_extract=True),
        "before_all": space.trigger(end=BEFORE_ALL.isoformat()),
        "unchanged": space.trigger(start=NEWEST.isoformat(), end=UNCHANGED.isoformat()),
    }


def begin_gated(airflow: RealAirflow) -> DagRun:
    """A snapshot that its gates stop, behind one that they have let through without Airflow."""
    spec = gated_spec(gates={"min_customers": 400})
    airflow.laboratory.run(spec, APRIL.replace(tzinfo=None).isoformat())
    return airflow.space("gated").trigger(end=AS_OFS[0].isoformat())


def stop_and_mend(small: DagRun) -> None:
    """The gate stops a snapshot; its spec is mended, and the run cleared."""
    space = small.space
    assert small.wait() == "failed"
    states = small.states()
    assert failed_tasks(states) == {"quality_gate"}
    assert states["clean_up"] == "success"
    assert states["finish"] == "upstream_failed"
    assert small.tries("quality_gate") == 1
    assert small.asset_events() == []
    snapshot = space.snapshot(AS_OFS[0])
    assert snapshot["status"] == "failed"
    assert snapshot["failed_task"] == "quality_gate"
    assert snapshot["failure"] == "not published: 300 customers, gates.min_customers is 400"
    [alert] = space.airflow.webhook.of_run(small.run_id)
    assert alert["text"].startswith("Kindred gated, 2024-02-01 02:00 UTC: failed in quality_gate:")
    assert alert["reason"] == snapshot["failure"]
    assert alert["url"].endswith(f"/dags/{space.dag_id}/runs/{quote(small.run_id)}")
    assert space.current() == (APRIL, APRIL, 439 * 5)

    # Prepare reads the spec anew.
    write_spec(Path(space.airflow.local.environment["KINDRED_FEATURES"]), gated_spec())
    small.clear()
    assert small.wait() == "success"
    snapshot = space.snapshot(AS_OFS[0])
    assert snapshot["status"] == "published"
    assert (snapshot["failed_task"], snapshot["failure"]) == (None, None)
    assert space.current() == (APRIL, APRIL, 439 * 5)
    assert space.leftovers() == []


def take_source_away(space: Space, mended: Future[None]) -> DagRun:
    """The next run of the space, of which the tables are as they were; returns it."""
    mended.exception()  # that it has come through is another test
    before = space.hashes()
    space.airflow.laboratory.query("drop table customers_gated", source=True)
    run = space.trigger(end=AS_OFS[1].isoformat())
    run.wait()
    assert space.hashes() == before
    return run


@pytest.fixture(scope="module")
def manual(begun_here: Begun) -> dict[str, DagRun]:
    return begun_here.manual


@pytest.fixture(scope="module")
def gated(begun_here: Begun) -> DagRun:
    """The run that a gate has stopped first, behind its end."""
    begun_here.mended.exception()
    return begun_here.gated


@pytest.fixture(scope="module")
def empty(begun_here: Begun) -> DagRun:
    """A run for a source without a row."""
    return begun_here.empty


@pytest.fixture(scope="module")
def refused(airflow: RealAirflow) -> Space:
    return airflow.space("refused")


def test_end_in_the_future_is_refused_before_anything_is_made(begun_here, refused, webhook):
    run = begun_here.in_future
    assert run.wait() == "failed"
    assert failed_tasks(run.states()) == {"prepare"}
    assert run.tries("prepare") == 1
    assert "end 2999-01-01T02:00:00+00:00 lies in the future" in run.log("prepare")
    [alert] = webhook.of_run(run.run_id)
    assert (alert["as_of"], alert["status"], alert["task"]) == (None, "failed", "prepare")
    assert "lies in the future" in alert["reason"]
    assert refused.query("select to_regnamespace(%s)", [refused.schema]) == [(None,)]


def test_backfill_without_an_encoder_names_the_command(begun_here, refused):
    run = begun_here.without_encoder
    assert run.wait() == "failed"
    states = run.states()
    assert failed_tasks(states) == {"prepare"}
    assert states["clean_up"] == "success"
    assert states["finish"] == "upstream_failed"
    assert run.tries("prepare") == 1
    assert EncoderMissingError.__name__ in run.log("prepare")
    assert "run 'kindred fit --space refused --as-of" in run.log("prepare")
    assert refused.query("select to_regnamespace(%s)", [refused.schema]) == [(None,)]


@pytest.mark.parametrize(
    "params", [{"algorithms": ["optics"]}, {"encoder_version": 0}, {"full_extract": "yes"}]
)
def test_params_outside_their_type_are_refused_at_once(refused, params):
    before = len(refused.runs())
    with pytest.raises(AssertionError, match="400"):
        refused.trigger(**params)
    assert len(refused.runs()) == before


def test_broken_spec_fails_its_own_dag_only_and_is_told(begun_here, webhook):
    run = begun_here.broken
    assert run.wait() == "failed"
    assert run.states() == {"read_spec": "failed"}
    assert run.tries("read_spec") == 1
    assert "broken.yaml: source.key: is missing" in run.log("read_spec")
    [alert] = webhook.of_run(run.run_id)
    assert (alert["space"], alert["as_of"], alert["task"]) == ("broken", None, "read_spec")
    assert "broken.yaml: source.key: is missing" in alert["reason"]


def test_source_without_customers_ends_well(empty):
    assert empty.wait() == "success"
    states = empty.states()
    ran = {"prepare", "extract", "validate", "clean_up", "finish"}
    assert {states[task] for task in ran} == {"success"}
    # That one does not wait for the data.
    assert {states[task] for task in states.keys() - ran - {"list_algorithms"}} == {"skipped"}
    [(status, customers)] = empty.space.query("select status, customers from {bi}.snapshots")
    assert (status, customers) == ("empty", 0)
    assert empty.space.current() == (None, None, 0)
    assert empty.asset_events() == []


def test_gate_stops_a_snapshot_and_the_last_one_serves(begun_here):
    begun_here.mended.result()


def test_source_that_is_gone_leaves_the_last_snapshot(begun_here):
    run = begun_here.gone.result()
    space = run.space
    assert run.wait() == "failed"
    assert failed_tasks(run.states()) == {"prepare"}
    assert run.tries("prepare") == 1
    assert "customers_gated" in run.log("prepare")
    snapshot = space.snapshot(AS_OFS[1])
    assert (snapshot["status"], snapshot["failed_task"]) == ("failed", "prepare")
    assert "customers_gated" in snapshot["failure"]
    assert space.current() == (APRIL, APRIL, 439 * 5)


def test_manual_runs_know_their_windows(airflow, manual):
    space = manual["dated"].space
    assert airflow.wait(list(manual.values())) == ["success"] * 5
    assert {run["run_type"] for run in space.runs()} == {"manual"}
    text = (
        "select b.as_of, b.run_id, b.window_start, s.status, s.customers, s.encoder_version"
        " from {space}.snapshot_builds as b join {space}.snapshots as s using (as_of)"
    )
    found = {as_of: tuple(rest) for as_of, *rest in space.query(text)}
    before_newest = previous_edge("0 2 1 * *", NEWEST - timedelta(seconds=1))
    october = datetime(2023, 10, 1, 2, tzinfo=UTC)
    assert found == {
        NEWEST: (manual["undated"].run_id, before_newest, "published", 439, 1),
        CHOSEN_END: (
            manual["chosen"].run_id,
            CHOSEN_START,
            "published",
            customers_at(CHOSEN_END),
            1,
        ),
        BEFORE_ALL: (manual["before_all"].run_id, october, "empty", 0, None),
        UNCHANGED: (manual["unchanged"].run_id, NEWEST, "published", 439, 1),
    }
    assert space.query("select fitted_as_of from {space}.encoder_versions") == [(NEWEST,)]
    assert space.current() == (UNCHANGED, UNCHANGED, 439 * 5)


def test_a_run_in_which_nothing_has_changed_computes_nothing(airflow, manual):
    run = manual["unchanged"]
    assert airflow.wait([manual["undated"], run]) == ["success"] * 2
    states = run.states()
    ran = {"prepare", "extract", "validate", "list_algorithms", "quality_gate", "publish"}
    ran |= {"clean_up", "finish"}
    assert {states[task] for task in ran} == {"success"}
    assert {states[task] for task in states.keys() - ran} == {"skipped"}
    assert "nothing has changed since snapshot" in run.log("fit_encoder")
    text = "select customer_id, rank, lookalike_id from {{bi}}.lookalikes where as_of = '{}'"
    computed, shared = (run.space.query(text.format(date)) for date in (NEWEST, UNCHANGED))
    assert sorted(computed) == sorted(shared)
    assert len(shared) == 439 * 5
    assert len(run.asset_events()) == 1


def test_manual_run_before_the_start_date_has_no_tasks(begun_here):
    run = begun_here.too_early
    assert run.wait() == "success"
    assert run.tasks() == []


def test_first_manual_run_fits_the_encoder_that_fit_would(airflow, manual):
    assert manual["dated"].wait() == "success"
    airflow.laboratory.fit(space_spec("fitted"), NEWEST.isoformat())
    ours, theirs = manual["dated"].space.hashes(), airflow.laboratory.hashes("fitted")
    for table in ("encoder_versions", "customer_versions", "rejected_rows"):
        assert ours[table] == theirs[table], table


def test_params_choose_the_algorithms_of_a_run(airflow, manual):
    assert airflow.wait([manual["chosen"], manual["undated"]]) == ["success"] * 2
    assert len(manual["chosen"].tasks("cluster")) == 1
    text = "select as_of, array_agg(distinct algorithm) from {bi}.clusters group by as_of"
    found = dict(manual["chosen"].space.query(text))
    assert found[CHOSEN_END] == ["kmeans"]
    assert found[NEWEST] == ["hdbscan", "kmeans"]


def test_tasks_hand_on_ids_and_counts_only(airflow, manual, gated, empty):
    for run in (*manual.values(), gated, empty):
        run.wait()
        entries = run.xcoms()
        assert {entry["task_id"] for entry in entries} >= {"prepare", "extract", "validate"}
        for entry in entries:
            assert len(json.dumps(entry["value"])) < XCOM_BYTES, entry


def test_publish_tells_other_dags(manual):
    assert manual["dated"].wait() == "success"
    [event] = manual["dated"].asset_events()
    assert event["source_task_id"] == "publish"
    assert event["name"] == "bi_manual_snapshot"
    assert manual["before_all"].wait() == "success"
    assert manual["before_all"].asset_events() == []


@pytest.fixture(scope="module")
def published(airflow: RealAirflow, manual: dict[str, DagRun]) -> dict[str, str]:
    """The tables of the manual space after all its runs."""
    assert airflow.wait(list(manual.values())) == ["success"] * 5
    return manual["dated"].space.hashes()


@pytest.mark.soak
def test_whole_run_again(manual, published):
    run = manual["undated"]
    run.clear()
    assert run.wait() == "success"
    assert run.space.hashes() == published
    assert run.space.leftovers() == []


def test_one_task_again(manual, published):
    """Each task, alone and with what follows: ``soak_reruns.py``."""
    run = manual["undated"]
    run.clear_task("publish", downstream=False)
    assert run.wait() == "success"
    assert run.space.hashes() == published


@pytest.mark.soak
def test_one_task_and_what_follows_again(manual, published):
    run = manual["undated"]
    run.clear_task("merge_graph", downstream=True)
    assert run.wait() == "success"
    assert run.space.hashes() == published
    assert run.space.leftovers() == []


@pytest.mark.soak
def test_task_whose_artefacts_are_gone(airflow, manual, published):
    run = manual["chosen"]
    artefacts = airflow.local.layout.artifacts / run.space.name / snapshot_slug(CHOSEN_END)
    shutil.rmtree(artefacts)
    tries = run.tries("cluster")
    run.clear_task("cluster", downstream=True)
    assert run.wait() == "failed"
    assert failed_tasks(run.states()) == {"cluster"}
    assert run.tries("cluster") == tries + 1
    assert "clear task 'encode' with its downstream tasks" in run.log("cluster")
    assert run.space.hashes() == published
    run.clear_task("encode", downstream=True)
    assert run.wait() == "success"
    assert run.space.hashes() == published
    assert run.space.leftovers() == []
