"""A night as it will be: nobody starts the run, it has what it needs, and is missed if late."""

import json
import signal
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import psycopg2
from killed_tasks import reserved
from real_airflow import DagRun, RealAirflow, wait_for

from kindred.run.context import open_run
from local.airflow import TRIGGERER
from local.environment import METADATA

LATE = (
    "update deadline set deadline_time = now() from dag_run as r where r.id = dagrun_id"
    " and r.run_id = any (%s) and r.dag_id = any (%s) and deadline_time > now() + interval '2 h'"
)
DONE = "select state, output from callback where data::text like %s"


@contextmanager
def metadata(airflow):
    """Airflow's own record."""
    connection = psycopg2.connect(airflow.local.server.dsn(METADATA))
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def outcome(airflow, run):
    """What became of a run's missed deadline."""
    with metadata(airflow) as cursor:
        cursor.execute(DONE, [f"%{run.run_id}%"])
        return [output for state, output in cursor.fetchall() if state == "success"]


def let_pass(airflow, *runs):
    """Let the hours until the deadlines of runs be over."""
    with metadata(airflow) as cursor:
        cursor.execute(LATE, [[run.run_id for run in runs], [run.space.dag_id for run in runs]])
        assert cursor.rowcount == len(runs)


@dataclass(frozen=True)
class Begun:
    """A run that is due, and one by hand in another space; both are late before long."""

    manual: DagRun
    night: Future[None]


def begin(airflow: RealAirflow) -> Begun:
    manual = airflow.space("refused").trigger(end="2999-01-01T02:00:00+00:00")
    return Begun(manual, airflow.meanwhile(be_late, airflow, manual))


def be_late(airflow: RealAirflow, manual: DagRun) -> None:
    webhook = airflow.webhook
    space = airflow.space("scheduled")
    [entry] = wait_for(space.runs)
    run = DagRun(space, entry["dag_run_id"])
    as_of = datetime.fromisoformat(entry["data_interval_end"])
    wait_for(lambda: run.states().get("prepare") == "success", run.describe)
    with reserved(space, "extracted_windows"):
        let_pass(airflow, run, manual)
        [alert] = wait_for(lambda: webhook.of_run(run.run_id), run.describe)
        late = space.snapshot(as_of)
        doom(airflow, as_of)
    assert (alert["space"], alert["status"], alert["task"]) == ("scheduled", "late", None)
    assert datetime.fromisoformat(alert["as_of"]) == as_of
    assert alert["url"].endswith(f"/dags/{space.dag_id}/runs/{quote(run.run_id)}")
    assert late["status"] == "building"
    assert late["missed_deadline_at"] is not None
    assert wait_for(lambda: outcome(airflow, run)) == ["an alert was sent"]
    wait_for(lambda: outcome(airflow, manual))
    stop_triggerer(airflow)

    assert run.wait() == "success"
    assert [entry["run_type"] for entry in space.runs()] == ["scheduled"]
    assert datetime.fromisoformat(entry["data_interval_start"]) == as_of - timedelta(days=1)
    assert as_of <= datetime.now(UTC)
    snapshot = space.snapshot(as_of)
    assert as_of.minute == 15, "Kathmandu is 5:45 ahead"
    assert snapshot["as_of_date"] == str(as_of.astimezone(ZoneInfo("Asia/Kathmandu")).date())
    assert snapshot["status"] == "published"
    assert snapshot["missed_deadline_at"] == late["missed_deadline_at"]
    assert snapshot["customers"] == 439
    assert snapshot["encoder_version"] == 1
    assert space.query("select fitted_as_of from {space}.encoder_versions") == [(as_of,)]
    assert space.current() == (as_of, as_of, 439 * 5)
    assert len(run.asset_events()) == 1
    check_audiences(run)
    with airflow.components:
        airflow.local.supervisor.end(TRIGGERER)


def stop_triggerer(airflow: RealAirflow) -> None:
    """Let it stand still: nothing else needs it, and it is never idle.

    Who counts the components may be at work, so it is not ended yet.
    """
    found = {one.name: one.process for one in airflow.local.supervisor.running()}
    found[TRIGGERER].send(signal.SIGSTOP)


def doom(airflow: RealAirflow, as_of: datetime) -> None:
    """Let an audience's task fail: its artefact cannot be written."""
    run = open_run(airflow.laboratory.deployment, "scheduled", as_of)
    place = Path(run.folder.path) / "audience_doomed"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch()


def check_audiences(run: DagRun) -> None:
    """One of them fails at its task, another with its file; the run and its snapshot do not."""
    trained = run.tasks("train_audience")
    states = {entry["rendered_map_index"]: entry["state"] for entry in trained}
    assert states == {"doomed": "failed", "leaving": "success"}
    assert run.tries("train_audience") == 1
    assert [entry["state"] for entry in run.tasks("join_audiences")] == ["success"]
    rows = run.space.query("select audience, status, reason from {bi}.audiences_current order by 1")
    assert [row[:2] for row in rows] == [
        ("doomed", "failed"),
        ("leaving", "published"),
        ("unreadable", "failed"),
    ]
    assert "artefact 'audience_doomed' cannot be written" in rows[0][2]
    assert "unreadable.yaml" in rows[2][2]
    members = "select distinct audience from {bi}.audience_members_current"
    assert run.space.query(members) == [("leaving",)]
    assert run.space.query("select failure from {bi}.snapshots") == [(None,)]
    late, failed = run.space.airflow.webhook.of_run(run.run_id)
    assert (late["status"], failed["status"]) == ("late", "audiences failed")
    assert failed["task"] == "train_audience"
    assert all(f"{name}: " in failed["reason"] for name in ("doomed", "unreadable"))
    assert "leaving" not in failed["reason"]


def test_scheduled_run_is_told_to_be_late_and_publishes_what_it_needs(begun_here):
    begun_here.night.result()


def test_late_run_by_hand_is_nothing_to_tell(airflow, begun_here, webhook):
    begun_here.night.result()
    manual = begun_here.manual
    assert wait_for(lambda: outcome(airflow, manual)) == ["a manual run has no deadline"]
    assert [alert["status"] for alert in webhook.of_run(manual.run_id)] == ["failed"]


def test_open_lineage_is_told_of_the_source_and_of_every_view(airflow, begun_here):
    begun_here.night.result()
    transport = json.loads(airflow.local.environment["AIRFLOW__OPENLINEAGE__TRANSPORT"])
    lines = Path(transport["log_file_path"]).read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    assert {event["job"]["name"] for event in events} == {"customer_similarity__scheduled.publish"}
    assert [event["eventType"] for event in events] == ["START", "RUNNING", "COMPLETE"]
    assert len({event["run"]["runId"] for event in events}) == 1
    begun, told, ended = events
    assert begun["inputs"] == begun["outputs"] == ended["inputs"] == ended["outputs"] == []
    [table] = told["inputs"]
    assert table["name"].endswith(".public.customers")
    assert {"name": "income", "type": "double precision"}.items() <= next(
        field.items() for field in table["facets"]["schema"]["fields"] if field["name"] == "income"
    )
    views = {data_set["name"].rpartition(".")[2]: data_set for data_set in told["outputs"]}
    rows = airflow.laboratory.query(
        "select relname from pg_class where relkind = 'v' and relnamespace = %s::regnamespace",
        ["bi_scheduled"],
    )
    assert set(views) == {name for (name,) in rows}
    repeated = views["customers"]["facets"]["columnLineage"]["fields"]
    assert {"customer_id", "income", "churned"} <= set(repeated)
