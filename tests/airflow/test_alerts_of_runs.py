"""Which failures and late runs are told, and how often."""

from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import psycopg2
import pytest
from customers import space_spec, write_spec

from kindred.errors import CustomerValueError, GateError, KindredError

AS_OF = "2026-03-14T02:00:00+00:00"
REFERENCE = {"space": "shop", "as_of": AS_OF, "run_id": "scheduled__1"}
LATE = {
    "dag_id": "customer_similarity__shop",
    "dag_run_id": "scheduled__1",
    "run_type": "scheduled",
    "state": "running",
    "queued_at": "2026-03-14T02:00:00Z",
    "data_interval_end": "2026-03-14T02:00:00Z",
}


@pytest.fixture
def adapter(airflow_library, monkeypatch, tmp_path):
    """The adapter, with what it sends and notes kept in lists."""
    from kindred.airflow_adapter import failures

    write_spec(tmp_path, space_spec("shop"))
    monkeypatch.setenv("KINDRED_FEATURES", str(tmp_path))
    monkeypatch.setattr(failures, "webhook", lambda: None)
    sent = []
    monkeypatch.setattr(failures.alerts, "send", lambda alert, webhook: sent.append(alert))
    return SimpleNamespace(module=failures, sent=sent)


def context_of(error, task="encode", reference=REFERENCE):
    params = {"start": None, "end": "soon"}
    dag_id = "customer_similarity__shop"
    task_instance = SimpleNamespace(
        task_id=task, dag_id=dag_id, xcom_pull=lambda task_ids: reference
    )
    dag_run = SimpleNamespace(run_id="scheduled__1", dag_id=dag_id, run_after=datetime.now(UTC))
    return {"ti": task_instance, "dag_run": dag_run, "exception": error, "params": params}


def note(adapter, monkeypatch, answer):
    """Let every note of a failure be answered so; returns the notes."""
    noted = []

    def keep(reference, run_id, task, line):
        noted.append((reference["as_of"], run_id, task, line))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(adapter.module, "_record_failure", keep)
    return noted


def test_the_first_failure_of_a_run_is_told_and_no_other(adapter, monkeypatch):
    noted = note(adapter, monkeypatch, True)
    adapter.module.on_failure(context_of(GateError("recall is low")))
    note(adapter, monkeypatch, False)
    adapter.module.on_failure(context_of(GateError("too"), task="cluster"))
    assert noted == [(AS_OF, "scheduled__1", "encode", "recall is low")]
    [alert] = adapter.sent
    assert (alert.space, alert.status, alert.task) == ("shop", "failed", "encode")
    assert (alert.as_of.isoformat(), alert.reason) == (AS_OF, "recall is low")
    assert alert.url.endswith("/dags/customer_similarity__shop/runs/scheduled__1")


def test_a_value_stays_in_the_warehouse(adapter, monkeypatch):
    noted = note(adapter, monkeypatch, True)
    adapter.module.on_failure(context_of(CustomerValueError("value 'Ann' in row 3")))
    assert noted[0][3] == "value 'Ann' in row 3"
    assert "Ann" not in adapter.sent[0].text


def test_a_warehouse_that_is_away_keeps_no_alert_back(adapter, monkeypatch, caplog):
    note(adapter, monkeypatch, psycopg2.OperationalError("gone"))
    adapter.module.on_failure(context_of(GateError("recall is low")))
    assert [alert.reason for alert in adapter.sent] == ["recall is low"]
    assert "the failure could not be recorded in the warehouse" in caplog.messages


def test_a_task_that_was_killed_is_told_by_clean_up(adapter, monkeypatch):
    noted = note(adapter, monkeypatch, True)
    adapter.module.on_failure(context_of("killed", reference=None))
    assert (noted, adapter.sent) == ([], [])


def test_a_run_whose_window_is_not_clear_is_told_without_it(adapter, monkeypatch):
    noted = note(adapter, monkeypatch, True)
    adapter.module.on_failure(context_of("no reason", task="prepare", reference=None))
    assert noted == [(None, "scheduled__1", "prepare", "no reason")]
    assert (adapter.sent[0].as_of, adapter.sent[0].space) == (None, "shop")


def test_an_erasure_that_failed_is_told_without_a_snapshot(adapter):
    error = KindredError("KINDRED_ERASURE_KEY is not set")
    adapter.module.on_failure_without_build("shop", context_of(error, task="erase"))
    [alert] = adapter.sent
    assert (alert.space, alert.as_of, alert.status) == ("shop", None, "failed")
    assert (alert.task, alert.reason) == ("erase", "KINDRED_ERASURE_KEY is not set")


@pytest.fixture
def published(adapter, monkeypatch):
    """A warehouse that says whether a snapshot is published, and takes notes."""
    state = SimpleNamespace(is_published=False, noted=[], error=None)

    @contextmanager
    def warehouse(label, schema):
        if state.error is not None:
            raise state.error
        yield schema

    snapshots = adapter.module.snapshots
    deployment = SimpleNamespace(warehouse=warehouse)
    monkeypatch.setattr(adapter.module, "deployment", lambda: deployment)
    monkeypatch.setattr(snapshots, "is_published", lambda database, as_of: state.is_published)
    monkeypatch.setattr(
        snapshots, "record_missed_deadline", lambda *given: state.noted.append(given)
    )
    return state


def test_a_late_run_is_noted_and_told(adapter, published):
    assert adapter.module.on_missed_deadline("shop", LATE) == "an alert was sent"
    [(schema, as_of)] = published.noted
    assert (schema, as_of.isoformat()) == ("kindred_shop", AS_OF)
    [alert] = adapter.sent
    assert (alert.status, alert.task, alert.run_id) == ("late", None, "scheduled__1")
    assert alert.reason == "queued at 2026-03-14T02:00:00Z, running and not published yet"


def test_a_late_run_that_another_has_made_up_for_is_not_told(adapter, published):
    published.is_published = True
    said = adapter.module.on_missed_deadline("shop", LATE)
    assert said == "the snapshot has been published by another run"
    assert (published.noted, adapter.sent) == ([], [])


def test_a_late_run_is_told_without_a_warehouse_too(adapter, published):
    published.error = psycopg2.OperationalError("gone")
    assert adapter.module.on_missed_deadline("shop", LATE) == "an alert was sent"
    assert [alert.status for alert in adapter.sent] == ["late"]


def test_an_alert_that_nobody_has_connected_is_in_the_log(airflow_library, monkeypatch):
    from airflow.sdk.exceptions import AirflowNotFoundException

    from kindred.airflow_adapter import connections

    def nothing(connection_id):
        raise AirflowNotFoundException(connection_id)

    monkeypatch.delenv("AIRFLOW_CONN_KINDRED_ALERTS", raising=False)
    monkeypatch.setattr(connections.Connection, "get", nothing)
    assert connections.webhook() is None
