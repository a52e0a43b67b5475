"""A night as it will be: nobody starts the run, and it has what it needs."""

from datetime import UTC, datetime, timedelta

from real_airflow import DagRun, wait_for


def test_scheduled_run_fits_its_encoder_and_publishes(airflow):
    space = airflow.space("scheduled")
    [entry] = wait_for(space.runs)
    run = DagRun(space, entry["dag_run_id"])
    assert run.wait() == "success"
    assert [entry["run_type"] for entry in space.runs()] == ["scheduled"]
    as_of = datetime.fromisoformat(entry["data_interval_end"])
    assert datetime.fromisoformat(entry["data_interval_start"]) == as_of - timedelta(days=1)
    assert as_of <= datetime.now(UTC)
    snapshot = space.snapshot(as_of)
    assert snapshot["status"] == "published"
    assert snapshot["customers"] == 439
    assert snapshot["encoder_version"] == 1
    assert space.query("select fitted_as_of from {space}.encoder_versions") == [(as_of,)]
    assert space.current() == (as_of, as_of, 439 * 5)
    assert len(run.asset_events()) == 1
