"""Which failures and late runs are told, and how often: a real warehouse, a real webhook."""

from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from customers import AS_OFS, fill_source, space_spec, write_spec

from integration.warehouse import Laboratory
from kindred.errors import CustomerValueError, GateError, KindredError
from kindred.preparation.task import prepare
from webhooks import Webhook, listening

SPEC = space_spec("shop")
AS_OF = AS_OFS[0].isoformat()
RUN_ID = "scheduled__1"
LATE = {
    "dag_id": "customer_similarity__shop",
    "dag_run_id": RUN_ID,
    "run_type": "scheduled",
    "state": "running",
    "queued_at": "2024-02-01T02:00:00Z",
    "data_interval_end": "2024-02-01T02:00:00Z",
}
NOTED = "select failed_task, failure, missed_deadline_at is not null from bi_shop.snapshots"


@dataclass(frozen=True)
class Adapter:
    """What Airflow calls, a build that has begun, and where notes and alerts go."""

    module: ModuleType
    laboratory: Laboratory
    reference: dict[str, Any]
    webhook: Webhook

    def noted(self) -> tuple[Any, ...]:
        """Of the snapshot: the task that failed, why, and whether it is late."""
        [row] = self.laboratory.query(NOTED)
        return row

    @property
    def told(self) -> list[dict[str, Any]]:
        return self.webhook.of_run(RUN_ID)


@pytest.fixture(scope="module")
def shop(make_database, tmp_path_factory) -> Laboratory:
    laboratory = Laboratory(
        make_database("shop"), make_database("warehouse"), tmp_path_factory.mktemp("artefacts")
    )
    fill_source(laboratory)
    return laboratory


def begin_anew(shop: Laboratory) -> None:
    """No build, no note: to make the schemas of the space takes a quarter of a second."""
    [(space,)] = shop.query("select to_regnamespace('kindred_shop')")
    if space is None:
        return
    if shop.query("select from bi_shop.snapshots where status = 'published'"):
        shop.query("drop schema kindred_shop, bi_shop cascade")
    else:
        shop.query("truncate kindred_shop.snapshot_builds, kindred_shop.run_notes")


@pytest.fixture
def adapter(airflow_library, monkeypatch, tmp_path, shop):
    """The adapter, by the environment that a task has."""
    from kindred.airflow_adapter import failures

    begin_anew(shop)
    write_spec(tmp_path, SPEC)
    with listening() as webhook:
        for name, value in {
            "AIRFLOW_CONN_KINDRED_SOURCE": shop.source_dsn,
            "AIRFLOW_CONN_KINDRED_WAREHOUSE": shop.warehouse_dsn,
            "AIRFLOW_CONN_KINDRED_ALERTS": webhook.address,
            "KINDRED_ARTIFACTS": str(shop.artefacts),
            "KINDRED_FEATURES": str(tmp_path),
        }.items():
            monkeypatch.setenv(name, value)
        request = shop.request(SPEC, AS_OFS[0].replace(tzinfo=None).isoformat(), run_id=RUN_ID)
        yield Adapter(failures, shop, prepare(shop.deployment, SPEC, request), webhook)


@pytest.fixture
def no_warehouse(monkeypatch):
    """Take the warehouse away."""

    def take() -> None:
        monkeypatch.setenv("AIRFLOW_CONN_KINDRED_WAREHOUSE", "postgresql://127.0.0.1:1/gone")

    return take


def context_of(error, reference, task="encode"):
    params = {"start": None, "end": "soon"}
    dag_id = "customer_similarity__shop"
    task_instance = SimpleNamespace(
        task_id=task, dag_id=dag_id, xcom_pull=lambda task_ids: reference
    )
    dag_run = SimpleNamespace(run_id=RUN_ID, dag_id=dag_id, run_after=datetime.now(UTC))
    return {"ti": task_instance, "dag_run": dag_run, "exception": error, "params": params}


def test_the_first_failure_of_a_run_is_told_and_no_other(adapter):
    adapter.module.on_failure(context_of(GateError("recall is low"), adapter.reference))
    adapter.module.on_failure(context_of(GateError("too"), adapter.reference, task="cluster"))
    assert adapter.noted() == ("encode", "recall is low", False)
    [alert] = adapter.told
    assert (alert["space"], alert["status"], alert["task"]) == ("shop", "failed", "encode")
    assert (alert["as_of"], alert["reason"]) == (AS_OF, "recall is low")
    assert alert["url"].endswith(f"/dags/customer_similarity__shop/runs/{RUN_ID}")


def test_a_value_stays_in_the_warehouse(adapter):
    error = CustomerValueError("value 'Ann' in row 3")
    adapter.module.on_failure(context_of(error, adapter.reference))
    assert adapter.noted() == ("encode", "value 'Ann' in row 3", False)
    [alert] = adapter.told
    assert "Ann" not in alert["text"]


def test_a_warehouse_that_is_away_keeps_no_alert_back(adapter, no_warehouse, caplog):
    no_warehouse()
    adapter.module.on_failure(context_of(GateError("recall is low"), adapter.reference))
    assert [alert["reason"] for alert in adapter.told] == ["recall is low"]
    assert "the failure could not be recorded in the warehouse" in caplog.messages


def test_a_task_that_was_killed_is_told_by_clean_up(adapter):
    adapter.module.on_failure(context_of("killed", None))
    assert adapter.noted() == (None, None, False)
    assert adapter.webhook.posted == []


def test_a_run_whose_window_is_not_clear_is_told_without_it(adapter):
    adapter.module.on_failure(context_of("no reason", None, task="prepare"))
    assert adapter.noted() == (None, None, False)
    [alert] = adapter.told
    assert (alert["as_of"], alert["space"]) == (None, "shop")
    assert (alert["task"], alert["reason"]) == ("prepare", "no reason")


def test_an_erasure_that_failed_is_told_without_a_snapshot(adapter):
    error = KindredError("KINDRED_ERASURE_KEY is not set")
    adapter.module.on_failure_without_build("shop", context_of(error, None, task="erase"))
    [alert] = adapter.told
    assert (alert["space"], alert["as_of"], alert["status"]) == ("shop", None, "failed")
    assert (alert["task"], alert["reason"]) == ("erase", "KINDRED_ERASURE_KEY is not set")


def test_a_late_run_is_noted_and_told(adapter):
    assert adapter.module.on_missed_deadline("shop", LATE) == "an alert was sent"
    assert adapter.noted() == (None, None, True)
    [alert] = adapter.told
    assert (alert["status"], alert["task"], alert["as_of"]) == ("late", None, AS_OF)
    assert alert["reason"] == "queued at 2024-02-01T02:00:00Z, running and not published yet"


def test_a_late_run_that_another_has_made_up_for_is_not_told(adapter):
    adapter.laboratory.run(SPEC, AS_OFS[0].replace(tzinfo=None).isoformat())
    said = adapter.module.on_missed_deadline("shop", LATE)
    assert said == "the snapshot has been published by another run"
    assert adapter.noted() == (None, None, False)
    assert adapter.webhook.posted == []


def test_a_late_run_is_told_without_a_warehouse_too(adapter, no_warehouse):
    no_warehouse()
    assert adapter.module.on_missed_deadline("shop", LATE) == "an alert was sent"
    assert [alert["status"] for alert in adapter.told] == ["late"]


def test_an_alert_that_nobody_has_connected_is_in_the_log(airflow_library, monkeypatch):
    from kindred.airflow_adapter import connections

    monkeypatch.delenv("AIRFLOW_CONN_KINDRED_ALERTS", raising=False)
    assert connections.webhook() is None
